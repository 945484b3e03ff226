"use strict";
// The explorer: what is chosen above decides what both figures show; a point opens its row.
(() => {
  const $ = id => document.getElementById(id);
  const words = MuCPT.data.words;
  const QUESTIONS = ["covered", "uncovered", "all", "general"]; // strata that are offered first
  const MOST_CURVES = 6;
  const SHAPES = ["circle", "diamond", "square", "triangle-up", "triangle-down", "cross"]; // as `.shape-0` and on
  let data; // of the profile that is chosen
  let shown = []; // rows of the forest plot

  const arm = name => data.arms[name] || { title: name, label: name, narrow: name, runs: [] };
  const checked = id => [...$(id).querySelectorAll("input:checked")].map(box => box.value);
  const stratum = name => words.strata[name] || name.replaceAll("_", " ");
  /** What the others are compared to, with the cost first where it is one of two. */
  const againstText = name => (data.costs[name] ? `plain ${data.costs[name]}` : `“${arm(name).title}”`);
  const metric = () => $("metric").value;
  const unit = () => words.units[metric()] || "";
  const digits = () => (metric() === "tokens_to_plain" ? 0 : metric() === "bits_per_byte" ? 3 : 2);
  const options = (select, pairs, value) => {
    select.replaceChildren(...pairs.map(([name, title]) => MuCPT.make("option", { value: name }, title)));
    if (pairs.some(([name]) => name === value)) select.value = value;
  };
  const distinct = (rows, column) => [...new Set(rows.map(row => row[column]))];

  // --- controls ----------------------------------------------------------------------------------
  function offerChecks(holder, pairs, chosen, type = "checkbox") {
    $(holder).replaceChildren(...pairs.map(([name, title, colour]) => MuCPT.make("label", {},
      MuCPT.make("input", { type, value: name, name: holder, checked: chosen.includes(name) }),
      colour ? MuCPT.make("span", { class: "dot", style: `--key: ${colour}` }) : null, title)));
  }

  function offer() {
    const main = MuCPT.rows(data, "main_comparison");
    const differences = MuCPT.rows(data, "differences");
    const all = main.length ? main : differences;
    const metrics = distinct(all, "metric").filter(name => all.some(row => row.metric === name && (row.mean ?? row.difference) !== null));
    const first = metrics.includes("log_likelihood") ? "log_likelihood" : metrics[0];
    options($("metric"), metrics.map(name => [name, (words.metrics[name] || name).replace(/ \(.*/, "")]), metric() || first);
    const against = distinct(differences, "compared_to").map(name => [name, againstText(name)]);
    // a profile begins with the comparison that its first way of training is judged by
    const judged = data.deciding[[MuCPT.paper, ...data.first].find(name => data.arms[name])] || "plain";
    options($("against"), [...against, ["", "nothing: the values themselves"]], $("against").options.length ? $("against").value : judged);
    const strata = distinct(all, "stratum");
    const order = [...QUESTIONS.filter(name => strata.includes(name)), ...strata.filter(name => !QUESTIONS.includes(name))];
    const before = checked("strata").filter(name => strata.includes(name));
    const kinds = ["covered", "uncovered"].filter(name => strata.includes(name));
    offerChecks("strata", order.map(name => [name, stratum(name)]), before.length ? before : kinds.length ? kinds : order.slice(0, 1));
    const arms = inOrder(Object.keys(data.arms));
    const chosen = checked("arms").filter(name => arms.includes(name));
    const start = data.first.filter(name => arms.includes(name));
    offerChecks("arms", arms.map(name => [name, arm(name).title, `var(--arm-${name})`]), chosen.length ? chosen : start.length ? start : arms);
    const points = curvePoints();
    const budget = $("budget");
    budget.max = Math.max(points.length - 1, 0);
    budget.value = budget.max;
    budget.disabled = points.length < 2;
  }

  /** The paper's way first, then the other methods, what they have to beat, ceilings, controls. */
  function inOrder(names) {
    const rank = { method: 1, baseline: 2, ceiling: 3, control: 4 };
    const place = name => (name === MuCPT.paper ? 0 : rank[arm(name).role] ?? 1);
    return [...names].sort((a, b) => place(a) - place(b));
  }

  /** Where the others were measured: plain with more compute reads further and is measured elsewhere. */
  const curvePoints = () => distinct(MuCPT.rows(data, "learning_curves").filter(row => row.arm !== "plain_compute"), "tokens").filter(tokens => tokens > 0).sort((a, b) => a - b);
  /** Compute is equal at the end alone: plain's own is spent on other numbers of tokens. */
  const noSuchBudget = () => !atEnd() && $("against").value === "plain_compute";
  const atEnd = () => $("budget").value === $("budget").max;

  // --- rows of the forest plot --------------------------------------------------------------------
  function forestRows() {
    const arms = checked("arms");
    const strata = checked("strata");
    const against = $("against").value;
    if (noSuchBudget()) return [];
    const rows = atEnd() ? endRows(against) : curveRows(against, curvePoints()[$("budget").value]);
    return rows
      .filter(row => arms.includes(row.arm) && strata.includes(row.stratum) && row.metric === metric() && row.value !== null)
      .map(row => pointOf(row, strata))
      .sort((a, b) => arms.indexOf(a.arm) - arms.indexOf(b.arm) || a.kind - b.kind);
  }

  function endRows(against) {
    const [table, centre] = against ? ["differences", "difference"] : ["main_comparison", "mean"];
    return MuCPT.rows(data, table).filter(row => !against || row.compared_to === against)
      .map(row => ({ ...row, value: row[centre], low: row.ci_low ?? row[centre], high: row.ci_high ?? row[centre] }));
  }

  /** Before the end of training there are values by seed: their mean, with an interval over seeds. */
  function curveRows(against, tokens) {
    const groups = Map.groupBy(MuCPT.rows(data, "learning_curves").filter(row => row.tokens === tokens && row.value !== null),
      row => JSON.stringify([row.arm, row.stratum, row.metric]));
    const bySeed = key => new Map((groups.get(JSON.stringify(key)) || []).map(row => [row.seed, row.value]));
    return [...groups.entries()].flatMap(([key, rows]) => {
      const [name, part, measure] = JSON.parse(key);
      const others = against ? bySeed([against, part, measure]) : null;
      if (others && name === against) return [];
      const values = rows.filter(row => !others || others.has(row.seed)).map(row => row.value - (others ? others.get(row.seed) : 0));
      if (!values.length) return [];
      const seeds = values.length;
      return [{ arm: name, stratum: part, metric: measure, tokens, ...MuCPT.estimate(values), seeds, n: seeds, _row: rows[0]._row }];
    });
  }

  function pointOf(row, strata) {
    const say = value => ($("against").value ? MuCPT.signed(value, digits()) : MuCPT.number(value, digits()));
    const numbers = MuCPT.interval(row, say);
    const count = row.n ?? row.seeds;
    return {
      label: MuCPT.narrow() ? arm(row.arm).narrow : arm(row.arm).label,
      kind: strata.indexOf(row.stratum) % MuCPT.KINDS, arm: row.arm, name: arm(row.arm).title, stratum: row.stratum,
      value: row.value, low: row.low, high: row.high, n: count, seeds: row.seeds, text: `${numbers} · n ${count}`, numbers,
      told: `${arm(row.arm).title}, ${stratum(row.stratum)}: ${numbers}, n = ${count}`, _row: row._row,
    };
  }

  // --- figures -----------------------------------------------------------------------------------
  const better = () => (words.lower[metric()] ? ["← better", "worse →"] : ["← worse", "better →"]);
  const legend = strata => strata.map((name, number) => [stratum(name), `kind-${number % MuCPT.KINDS}`]);
  const origin = () => `Profile ${data.name}, ${data.scale}, commit ${data.commit}`;

  function concluding(rows, against) {
    const name = (words.metrics[metric()] || metric()).replace(/ \(.*/, "");
    if (!against) return `${name[0].toUpperCase()}${name.slice(1)} of each way of training`;
    const sign = words.lower[metric()] ? -1 : 1;
    const clear = rows.filter(MuCPT.clear);
    const gains = clear.filter(row => row.value * sign > 0).length;
    return `${gains} of ${rows.length} differences to ${againstText(against)} are clear gains, ${clear.length - gains} clear losses`;
  }

  async function drawForest() {
    const against = $("against").value;
    const strata = checked("strata");
    shown = forestRows();
    $("lacking").hidden = shown.length > 0;
    $("lacking").textContent = shown.length ? "" : lackingSentence(strata);
    $("forest").hidden = $("numbers").hidden = !shown.length;
    if (!shown.length) return;
    const title = against ? [better()[0], `difference${unit() ? `, ${unit()}` : ""}`, better()[1]].join(MuCPT.SPACE) : `${words.metrics[metric()]}`;
    const kind = atEnd() ? "line its 95 % interval over seeds and subjects" : "line its 95 % interval over seeds alone";
    MuCPT.frame($("forest"), {
      title: concluding(shown, against), legend: legend(strata),
      reading: `A point is ${against ? "the mean difference" : "the mean"}, a ${kind}; n is the number of ${atEnd() && against ? "pairs of question and seed" : "seeds"}.${against ? "" : " The axis need not begin at 0."} Click a point to see its row.`,
      origin: origin(), csv: shown.map(row => ({ way_of_training: row.name, questions: stratum(row.stratum), measure: words.metrics[metric()], compared_to: against ? arm(against).title : "", value: row.value, interval_from: row.low, interval_to: row.high, n: row.n, profile: data.name, commit: data.commit })),
    });
    $("forest").querySelector(".plot").dataset.arms = new Set(shown.map(row => row.arm)).size;
    await MuCPT.draw($("forest"), against ? "forest" : "levels", shown, { change: spec => MuCPT.fitForest(spec, $("forest"), title), pick: openRow, label: `${concluding(shown, against)}. The numbers stand in the table below the figure.` });
    drawTable(strata);
  }

  function lackingSentence(strata) {
    if (!checked("arms").length) return "No way of training is chosen.";
    if (!strata.length) return "No questions are chosen.";
    if (noSuchBudget()) return "Compute is equal at the end of training alone: move the slider to its end, or compare with plain at equal tokens.";
    return `Profile ${data.name} has no such numbers: ${(words.metrics[metric()] || metric())} on ${strata.map(stratum).join(", ")}.`;
  }

  function drawTable() {
    const head = ["Way of training", "Questions", "Value [interval]", "n"].map((title, number) => MuCPT.make("th", { scope: "col", class: number > 1 ? "n" : null }, title));
    const body = shown.map(row => MuCPT.make("tr", {}, MuCPT.make("th", { scope: "row" }, row.name), MuCPT.make("td", {}, stratum(row.stratum)),
      MuCPT.make("td", { class: "n" }, MuCPT.make("button", { type: "button", class: "link", onclick: () => openRow(row) }, row.numbers)), MuCPT.make("td", { class: "n" }, String(row.n))));
    $("numbers").querySelector(".scroll").replaceChildren(MuCPT.make("table", {}, MuCPT.make("thead", {}, MuCPT.make("tr", {}, ...head)), MuCPT.make("tbody", {}, ...body)));
  }

  /** Where a point of a curve stands: tokens read, or what they and all before them have cost. */
  function along(name, tokens) {
    if ($("along").value === "tokens") return tokens;
    const price = data.prices[name];
    return price ? price[0] + price[1] * tokens : null;
  }

  async function drawCurves() {
    $("field-along").hidden = !Object.keys(data.prices).length;
    if ($("field-along").hidden) $("along").value = "tokens";
    const byTokens = $("along").value === "tokens";
    const rows = MuCPT.rows(data, "learning_curves").filter(row => row.metric === metric() && row.value !== null && (row.arm === "base" || along(row.arm, 0) !== null));
    const fixed = byTokens ? ["plain"] : ["plain", "plain_compute"]; // what the others are held against
    const arms = [...fixed, ...checked("arms").filter(name => !fixed.includes(name) && name !== "base")].filter(name => rows.some(row => row.arm === name)).slice(0, MOST_CURVES);
    const strata = checked("strata").filter(name => rows.some(row => row.stratum === name));
    $("curves").hidden = !arms.length || !strata.length;
    if ($("curves").hidden) return;
    const groups = Map.groupBy(rows, row => JSON.stringify([row.arm, row.stratum, row.tokens]));
    const points = strata.flatMap(part => arms.flatMap((name, number) => {
      const own = [...new Set(rows.filter(row => row.arm === name).map(row => row.tokens))];
      const base = arm(name).from_base !== false && rows.some(row => row.arm === "base" && row.tokens === 0) && !own.includes(0) ? [["base", 0]] : [];
      return [...base, ...own.map(tokens => [name, tokens])].map(([from, tokens]) => {
        const values = (groups.get(JSON.stringify([from, part, tokens])) || []).map(row => row.value);
        if (!values.length) return null;
        const made = MuCPT.estimate(values);
        return { series: number, name: arm(name).title, tokens, x: along(name, tokens), ...made, panel: stratum(part), told: `${arm(name).title}, ${tokens.toLocaleString("en")} tokens: ${MuCPT.interval(made, value => MuCPT.number(value, digits()))}, ${values.length} seeds` };
      }).filter(Boolean);
    }));
    const wanted = new Set([...fixed, ...checked("arms")].filter(name => name !== "base" && rows.some(row => row.arm === name)));
    const left = wanted.size - arms.length;
    const against = !byTokens && arms.includes("plain_compute") ? "plain_compute" : "plain";
    const title = ending(points, arms, against, strata);
    MuCPT.frame($("curves"), {
      title, legend: arms.map((name, number) => [arm(name).title, `shape-${number % SHAPES.length}`, `var(--arm-${name})`]),
      reading: `${capital(words.metrics[metric()] || metric())} against ${byTokens ? "tokens read" : "compute"}. The title counts means. All begin at the base${arms.some(name => arm(name).from_base === false) ? ", but for those that start from the reference model" : ""}${byTokens ? "" : "; what comes before training, as of a reference model, is paid first"}. Lines are means over ${data.seeds.length} seeds, bands their 95 % intervals (Student's t; wide where seeds are few). The upright axis need not begin at 0.${left > 0 ? ` Of those chosen, the first ${MOST_CURVES - fixed.length} are drawn beside plain.` : ""}`,
      origin: origin(), csv: points.map(point => ({ way_of_training: point.name, questions: point.panel, tokens: point.tokens, ...(byTokens ? {} : { operations: point.x }), value: point.value, interval_from: point.low, interval_to: point.high, seeds: point.n, profile: data.name, commit: data.commit })),
    });
    const width = MuCPT.narrow() ? Math.max(200, $("curves").clientWidth - 80) : Math.max(220, Math.min(430, $("curves").clientWidth / Math.min(2, strata.length) - 90));
    await MuCPT.draw($("curves"), "curves", points, { panels: strata.map(stratum), label: title, change: spec => {
      fitCurves(spec, arms, width);
      for (const layer of spec.layer) layer.encoding.x.title = byTokens ? "tokens read" : "operations (FLOPs)";
    } });
  }

  /** A title that concludes: how many of the ways of training end better than plain. */
  function ending(points, arms, against, strata) {
    const others = arms.filter(name => !["plain", "plain_compute"].includes(name));
    const sign = words.lower[metric()] ? -1 : 1;
    const last = (name, part) => points.filter(point => point.series === arms.indexOf(name) && point.panel === stratum(part)).sort((a, b) => b.tokens - a.tokens)[0];
    const told = strata.map(part => {
      const there = others.filter(name => last(name, part) && last(against, part));
      const better = there.filter(name => sign * (last(name, part).value - last(against, part).value) > 0);
      return there.length ? `${better.length} of ${there.length} on ${stratum(part)}` : "";
    }).filter(Boolean);
    return told.length ? `Better than “${arm(against).title}” at the end of training: ${told.join(", ")}` : `${capital((words.metrics[metric()] || metric()).replace(/ \(.*/, ""))} in the course of training`;
  }

  function fitCurves(spec, arms, width) {
    spec.width = width;
    const range = arms.map(name => `var(--arm-${name})`);
    const shapes = arms.map((_, number) => SHAPES[number % SHAPES.length]);
    for (const layer of spec.layer) {
      const { color, shape, y } = layer.encoding;
      if (color) color.scale = { domain: arms.map((_, number) => number), range };
      if (shape) shape.scale = { domain: arms.map((_, number) => number), range: shapes };
      y.title = unit() || (words.metrics[metric()] || metric());
    }
  }

  // --- one ingredient of the data at a time -------------------------------------------------------
  async function drawLevels() {
    const strata = checked("strata");
    const rows = MuCPT.rows(data, "composition_differences").filter(row => row.metric === metric() && strata.includes(row.stratum) && row.difference !== null);
    $("levels").hidden = !rows.length;
    if (!rows.length) return;
    const points = rows.map(row => {
      const made = { value: row.difference, low: row.ci_low, high: row.ci_high };
      const numbers = MuCPT.interval(made, value => MuCPT.signed(value, digits()));
      const label = changeOf(row);
      return { ...made, label: MuCPT.broken(label, MuCPT.narrow() ? 18 : 30), name: label, kind: strata.indexOf(row.stratum) % MuCPT.KINDS, stratum: row.stratum, n: row.n, text: `${numbers} · n ${row.n}`, told: `${label}, ${stratum(row.stratum)}: ${numbers}`, _row: row._row };
    });
    const clear = points.filter(MuCPT.clear).length;
    const title = `What one ingredient of the data does: ${clear} of ${points.length} differences are clear`;
    MuCPT.frame($("levels"), {
      title, legend: legend(strata),
      reading: "Each row changes one ingredient, everything else stays as in the profile; plain training unless the row says otherwise. A point is the mean difference, a line its 95 % interval.",
      origin: origin(), csv: points.map(point => ({ change: point.name, questions: stratum(point.stratum), value: point.value, interval_from: point.low, interval_to: point.high, n: point.n, profile: data.name, commit: data.commit })),
    });
    await MuCPT.draw($("levels"), "forest", points, { change: spec => MuCPT.fitForest(spec, $("levels"), [better()[0], `difference${unit() ? `, ${unit()}` : ""}`, better()[1]].join(MuCPT.SPACE)), pick: openRow, label: title });
  }

  /** Every change to the data down, every kind of questions across: the difference as a colour. */
  async function drawMixtures() {
    const rows = MuCPT.rows(data, "composition_differences").filter(row => row.metric === metric() && row.difference !== null);
    $("mixtures").hidden = !rows.length;
    if (!rows.length) return;
    const across = Object.keys(words.strata).filter(name => rows.some(row => row.stratum === name));
    const heading = name => MuCPT.broken(stratum(name), MuCPT.narrow() ? 22 : 13);
    const lines = Math.max(...across.map(name => heading(name).split("|").length));
    const sign = words.lower[metric()] ? -1 : 1;
    const reach = Math.max(...rows.map(row => Math.abs(row.difference)));
    const points = rows.map(row => {
      const made = { value: row.difference, low: row.ci_low, high: row.ci_high };
      const numbers = MuCPT.interval(made, value => MuCPT.signed(value, digits()));
      const label = changeOf(row);
      const said = MuCPT.narrow() ? [MuCPT.signed(made.value, digits())] : numbers.replace(" [", "|[").split("|");
      return { ...made, worse: Number(sign * made.value < 0), size: Math.abs(made.value) / (reach || 1), said, label: MuCPT.broken(label, MuCPT.narrow() ? 14 : 30), name: label, column: heading(row.stratum), stratum: row.stratum, n: row.n, told: `${label}, ${stratum(row.stratum)}: ${numbers}, n = ${row.n}`, _row: row._row };
    });
    const most = points.reduce((one, other) => (Math.abs(other.value) > Math.abs(one.value) ? other : one));
    const title = `Largest change: ${stratum(most.stratum)} by ${MuCPT.signed(most.value, digits())} with “${most.name}”`;
    MuCPT.frame($("mixtures"), {
      title, reading: `A tile is the mean difference to the profile's own data${unit() ? `, ${unit()}` : ""}, ${MuCPT.narrow() ? "" : "below it its 95 % interval, "}of all questions of a kind. Blue is better, orange worse. Click a tile for n and where it comes from.`,
      origin: origin(), csv: points.map(point => ({ change: point.name, questions: stratum(point.stratum), value: point.value, interval_from: point.low, interval_to: point.high, n: point.n, profile: data.name, commit: data.commit })),
    });
    const room = $("mixtures").clientWidth - (MuCPT.narrow() ? 110 : 240);
    await MuCPT.draw($("mixtures"), "tiles", points, { pick: openRow, label: title, change: spec => {
      spec.width = Math.max(150, Math.min(110 * across.length, room));
      for (const layer of spec.layer) {
        const { x } = layer.encoding;
        x.sort = across.map(heading);
        if (MuCPT.narrow()) Object.assign(x.axis, { labelLimit: 200, labelAngle: -90, labelAlign: "left", labelBaseline: "middle", labelOffset: -7 });
        else x.axis.labelPadding = 15 * (lines - 1) + 5; // the lines of a heading go down from its first
      }
    } });
  }

  const capital = text => text[0].toUpperCase() + text.slice(1);
  /** What a row of the differences along an ingredient changes, in words. */
  function changeOf(row) {
    const axis = axisOf(row.axis);
    const whose = row.arm === "plain" ? "" : ` (${arm(row.arm).title})`;
    return `${capital(axis.title)}: ${levelText(axis, row.level)} instead of ${levelText(axis, row.compared_to)}${whose}`;
  }

  const axisOf = name => data.axes?.[name] || { title: name.replaceAll("_", " "), levels: {} };
  const levelText = (axis, level) => axis.levels[level]?.text ?? (level === "default" ? "the profile's own" : level);

  /** Values against doses: for each ingredient that has three of them or more. */
  async function drawDoses() {
    const strata = checked("strata").slice(0, 2);
    const rows = MuCPT.rows(data, "composition").filter(row => row.metric === metric() && strata.includes(row.stratum) && row.mean !== null);
    const dose = row => axisOf(row.axis).levels[row.level]?.dose ?? null;
    const axes = distinct(rows, "axis").filter(axis => new Set(rows.filter(row => row.axis === axis).map(dose).filter(value => value !== null)).size > 2);
    $("doses").hidden = !axes.length;
    if (!axes.length) return;
    const own = rows.filter(row => axes.includes(row.axis) && dose(row) !== null);
    const arms = inOrder(distinct(own, "arm"));
    const points = axes.flatMap(axis => strata.flatMap(part => own.filter(row => row.axis === axis && row.stratum === part).map(row => {
      const made = { value: row.mean, low: row.ci_low ?? row.mean, high: row.ci_high ?? row.mean };
      const told = `${arm(row.arm).title}, ${axisOf(axis).title} ${dose(row)}: ${MuCPT.interval(made, value => MuCPT.number(value, digits()))}, ${row.seeds} seeds`;
      return { ...made, x: dose(row), series: arms.indexOf(row.arm), name: arm(row.arm).title, panel: `${capital(axisOf(axis).title)}: ${stratum(part)}`, n: row.seeds, told, _row: row._row };
    })));
    const title = `${capital((words.metrics[metric()] || metric()).replace(/ \(.*/, ""))} by dose`;
    MuCPT.frame($("doses"), {
      title, legend: arms.map((name, number) => [arm(name).title, `shape-${number % SHAPES.length}`, `var(--arm-${name})`]),
      reading: "Each panel changes one ingredient in several doses, everything else stays. Lines are means, bands 95 % intervals over seeds and subjects. The upright axis need not begin at 0.",
      origin: origin(), csv: points.map(point => ({ panel: point.panel, way_of_training: point.name, dose: point.x, value: point.value, interval_from: point.low, interval_to: point.high, seeds: point.n, profile: data.name, commit: data.commit })),
    });
    const width = MuCPT.narrow() ? Math.max(200, $("doses").clientWidth - 80) : Math.max(220, Math.min(430, $("doses").clientWidth / 2 - 90));
    await MuCPT.draw($("doses"), "curves", points, { panels: [...new Set(points.map(point => point.panel))], label: title, pick: openRow, change: spec => {
      fitCurves(spec, arms, width);
      Object.assign(spec, { height: 180, resolve: { scale: { x: "independent" } } });
      for (const layer of spec.layer) Object.assign(layer.encoding.x, { title: "dose", axis: { format: "~g", tickCount: 5, grid: false } });
    } });
  }

  // --- a row ---------------------------------------------------------------------------------------
  function openRow(datum) {
    const [profile, table, place] = datum._row.split(".");
    if (profile !== data.name) return;
    const row = MuCPT.rows(data, table)[Number(place)];
    if (!row) return;
    history.replaceState(null, "", `#row=${datum._row}`);
    const names = { arm: value => arm(value).title, compared_to: value => (table === "differences" ? arm(value).title : value), stratum, metric: value => words.metrics[value] || value };
    const pairs = Object.entries(row).filter(([column]) => column !== "_row").flatMap(([column, value]) => {
      const about = words.columns[column] || { title: column.replaceAll("_", " "), meaning: "" };
      const said = value === null ? "–" : names[column] ? names[column](value) : typeof value === "number" ? (Number.isInteger(value) ? value.toLocaleString("en") : MuCPT.number(value, 4)) : value;
      return [MuCPT.make("dt", {}, about.title), MuCPT.make("dd", {}, said, MuCPT.make("span", { class: "about" }, about.meaning))];
    });
    const parts = [MuCPT.make("h2", { id: "row-title" }, names.arm(row.arm ?? "") || "Row"),
      MuCPT.make("p", { class: "small" }, `Row ${Number(place) + 1} of the table ${table.replaceAll("_", " ")}, profile ${data.name}, commit ${data.commit}.${table === "learning_curves" && datum.seeds > 1 ? ` It is one of ${datum.seeds}, one per seed, of which the point is the mean.` : ""}`), MuCPT.make("dl", {}, ...pairs)];
    parts.push(...provenance(row));
    $("row").querySelector(".inner").replaceChildren(...parts);
    if (!$("row").open) $("row").showModal();
    $("row").scrollTop = 0;
  }

  function provenance(row) {
    const { runs, settings, inputs } = arm(row.arm);
    const own = runs.filter(run => row.seed == null || run.seed == null || run.seed === row.seed);
    if (!own.length) return [];
    const pairs = Object.entries(settings).map(([name, value]) => `${name}: ${value}`).join("\n");
    const lines = own.map(run => MuCPT.make("li", {}, `seed ${run.seed ?? "–"}: ${run.sha}, ${run.seconds} s, by ${run.made_by}, commit ${run.commit}`));
    const set = pairs ? [MuCPT.make("h3", {}, "Settings"), MuCPT.make("pre", { tabindex: "0" }, pairs)] : [];
    return [...set, MuCPT.make("h3", {}, "Made from"), MuCPT.make("p", {}, `${inputs.join(", ")}.`),
      MuCPT.make("h3", {}, `${own.length} run${own.length === 1 ? "" : "s"} of the main comparison`), MuCPT.make("ul", { class: "small" }, ...lines)];
  }

  // --- start ---------------------------------------------------------------------------------------
  function toldBudget() {
    const points = curvePoints();
    const tokens = points[$("budget").value] ?? data.tokens;
    $("budget-told").textContent = atEnd() ? `${data.tokens.toLocaleString("en")} tokens, the end` : `${tokens.toLocaleString("en")} tokens`;
  }

  async function draw() {
    toldBudget();
    $("arms-told").textContent = `${checked("arms").length} of ${$("arms").childElementCount} chosen`;
    await Promise.all([drawForest(), drawCurves(), drawLevels(), drawMixtures(), drawDoses()]);
    document.body.dataset.ready = "yes";
  }

  async function choose(profile) {
    data = await MuCPT.load(`profile-${profile}`);
    $("profile").value = profile;
    $("missing").hidden = !data.missing;
    $("missing").textContent = data.missing;
    offer();
    await draw();
  }

  async function start() {
    if (MuCPT.narrow()) $("ways").open = false; // the figures would stand two screens below
    const hash = decodeURIComponent(location.hash);
    const row = /^#row=(.+)$/.exec(hash)?.[1];
    const options = [...$("profile").options].map(option => option.value);
    const wanted = row && options.includes(row.split(".")[0]) ? row.split(".")[0] : document.body.dataset.profile;
    await choose(wanted);
    if (row) openRow({ _row: row });
  }

  $("profile").addEventListener("change", event => choose(event.target.value));
  $("controls").addEventListener("input", event => { if (event.target.id !== "profile") draw(); });
  $("controls").addEventListener("submit", event => event.preventDefault());
  $("row").addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  addEventListener("hashchange", start);
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 150); });
  start();
})();
