"use strict";
// Figures from the specifications that the site was built with: here come rows, widths and titles.
Object.assign(MuCPT, {
  KINDS: 4,

  /** Two-sided 95 % quantile of Student's t. */
  tQuantile(freedom) {
    const table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086];
    return table[freedom - 1] || 1.96 + 2.4 / freedom;
  },

  /** Mean of a few numbers with its 95 % interval; one number has none. */
  estimate(values) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    if (values.length < 2) return { value: mean, low: mean, high: mean, n: 1 };
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const half = this.tQuantile(values.length - 1) * Math.sqrt(squares / (values.length - 1) / values.length);
    return { value: mean, low: mean - half, high: mean + half, n: values.length };
  },

  signed(value, digits = 2) {
    const text = Math.abs(value).toFixed(digits);
    if (Number(text) === 0) return text;
    return (value < 0 ? "−" : "+") + text;
  },

  number(value, digits = 2) {
    if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
    return this.signed(value, digits).replace("+", "");
  },

  SPACE: "\u2003".repeat(3), // a gap that SVG does not close up

  /** `+0.12 [+0.08, +0.16]`; the value alone where there is no interval, as of one seed. */
  interval(row, text) {
    if (row.low == null || row.high == null || row.low === row.high) return text(row.value);
    const signed = /^[+−]/.test(text(row.value)) && row.low * row.high > 0;
    const end = value => (signed ? this.apart(value, text(value)) : text(value));
    return `${text(row.value)} [${end(row.low)}, ${end(row.high)}]`;
  },

  /** An end of an interval without zero, with as many digits as keep it from looking like zero. */
  apart(value, text) {
    for (let digits = 3; !/[1-9]/.test(text) && digits < 9; digits++) text = this.signed(value, digits);
    return text;
  },

  /** Whether a row has an interval, and that excludes zero. */
  clear: row => row.low !== row.high && row.low * row.high > 0,

  /** Rows of a table as objects, each with its place in it; one with texts is coded (`of`, `at`). */
  rows(data, name) {
    const table = data.tables[name];
    if (!table) return [];
    const columns = Object.entries(table);
    const size = Math.max(0, ...columns.map(([, column]) => (column.of ? column.at : column).length));
    return Array.from({ length: size }, (_, place) => {
      const row = { _row: `${data.name}.${name}.${place}` };
      for (const [title, column] of columns) row[title] = column.of ? column.of[column.at[place]] : column[place];
      return row;
    });
  },

  narrow: () => matchMedia("(max-width: 44rem)").matches,

  /** A text with "|" at the ends of lines of some width. */
  broken(text, width) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length >= width) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines.join("|");
  },

  /** Set the words around a figure. legend: [name, class, colour]; origin: where its rows are from. */
  frame(figure, { title, legend = [], reading, origin, csv }) {
    figure.querySelector(".title").textContent = title;
    const keys = legend.map(([name, kind, colour]) => this.make("span", { class: `key ${kind || ""}`, style: colour ? `--key: ${colour}` : null }, name));
    figure.querySelector(".legend")?.replaceChildren(...keys);
    const caption = figure.querySelector("figcaption");
    caption.replaceChildren(`${reading} `, this.make("span", { class: "origin" }, `${origin} · `, this.csvLink(csv, figure.id)));
  },

  csvLink(rows, name) {
    const columns = Object.keys(rows[0] || {});
    const cell = value => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
    const text = [columns, ...rows.map(row => columns.map(column => row[column]))].map(line => line.map(cell).join(",")).join("\n");
    return this.make("a", { href: `data:text/csv;charset=utf-8,${encodeURIComponent(text + "\n")}`, download: `${name}.csv` }, "CSV");
  },

  /** Draw rows into a figure. change(spec): what is set for this figure; pick(datum): on a click. */
  async draw(figure, name, rows, { change = () => {}, panels = [], pick, label }) {
    const spec = structuredClone(this.data.specs[name]);
    spec.data = { values: rows };
    change(spec);
    const whole = panels.length > 1 ? this.facet(spec, panels) : spec;
    const plot = figure.querySelector(".plot");
    const drawing = (plot._drawing = (plot._drawing || 0) + 1);
    const holder = document.createElement("div");
    const { view } = await vegaEmbed(holder, whole, { actions: false, renderer: "svg", ast: false, tooltip: { theme: "custom" } });
    if (drawing !== plot._drawing) return view.finalize(); // another choice came meanwhile
    plot._view?.finalize();
    plot._view = view;
    plot.replaceChildren(holder);
    const svg = holder.querySelector("svg");
    // one text for the whole figure: else every group of marks is announced without a name
    for (const part of svg.querySelectorAll("[role], [aria-label], [aria-roledescription]"))
      for (const name of ["role", "aria-label", "aria-roledescription", "aria-hidden"]) part.removeAttribute(name);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
    plot.dataset.rows = rows.length;
    plot.dataset.drawn = String(Number(plot.dataset.drawn || 0) + 1);
    if (pick) view.addEventListener("click", (event, item) => { if (item?.datum?._row) pick(item.datum); });
    return view;
  },

  facet(spec, panels) {
    const { width, height, layer, ...rest } = spec; // what is left holds for all panels
    const columns = this.narrow() ? 1 : 2;
    const facet = { field: "panel", type: "nominal", sort: panels, header: { title: null } };
    return { ...rest, facet, columns, spec: { width, height, layer } };
  },

  /** Widths, titles and the column of numbers of a forest plot, as the page has room. */
  fitForest(spec, figure, title, { values = true } = {}) {
    const room = figure.querySelector(".plot").clientWidth || figure.clientWidth;
    const narrow = this.narrow();
    const labels = narrow ? 150 : 230;
    const numbers = narrow || !values ? 20 : 220;
    spec.width = Math.max(130, Math.min(520, room - labels - numbers));
    if (narrow || !values) spec.layer = spec.layer.filter(layer => layer.mark.type !== "text");
    for (const layer of spec.layer) {
      const x = layer.encoding.x;
      if (x?.field) x.title = title.split("|");
      if (layer.mark.type === "text") x.value = spec.width + 12;
    }
  },
});
