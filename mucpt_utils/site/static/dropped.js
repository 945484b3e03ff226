"use strict";
// Dropped documents to leaf through, by reason.
(() => {
  const $ = id => document.getElementById(id);
  const data = MuCPT.data.rejected;
  const EVERY = "";
  const NOTED = { probability: "probability that it is about music", words: "words that moved it most", similarity: "share of its five-word runs that an earlier text has" };
  const key = row => `${row.stage}/${row.reason}`;
  const stage = name => data.stages[name] || name.replaceAll("_", " ");
  const why = name => data.kinds[name.replaceAll(" ", "_")] || name.replaceAll("_", " ");
  const capital = text => text[0].toUpperCase() + text.slice(1);
  /** As `stage_words.told`: the stage is left out where both share a word. */
  const shared = row => why(row.reason).split(" ").some(word => word.length > 3 && stage(row.stage).split(" ").includes(word));
  const reason = row => (shared(row) ? capital(why(row.reason)) : `${capital(stage(row.stage))}: ${why(row.reason)}`);
  const total = data.reasons.reduce((sum, row) => sum + row.documents, 0);
  const chosen = () => data.documents.filter(row => !$("reason").value || key(row) === $("reason").value);

  function offer() {
    const options = data.reasons.map(row => MuCPT.make("option", { value: key(row) }, `${reason(row)} (${row.documents.toLocaleString("en")})`));
    $("reason").replaceChildren(MuCPT.make("option", { value: EVERY }, `every reason (${total.toLocaleString("en")} documents)`), ...options);
  }

  function noted(detail) {
    return Object.entries(detail || {}).filter(([name]) => name !== "duplicate_of")
      .map(([name, value]) => `${NOTED[name] || name.replaceAll("_", " ")}: ${String(Array.isArray(value) ? value.join(", ") : value).replaceAll(/-(?=\d)/g, "−")}`).join(" · ");
  }

  /** The text with what the labels say of each stretch. */
  function labelled(row) {
    const parts = [];
    let end = 0;
    for (const span of row.metadata.truth.spans.filter(span => span.start >= 0)) {
      if (span.start < end) continue;
      parts.push(row.text.slice(end, span.start), MuCPT.make("span", { class: `span ${span.kind}` }, row.text.slice(span.start, span.end), MuCPT.make("sup", {}, data.kinds[span.kind] || span.kind)));
      end = span.end;
    }
    return MuCPT.make("p", { class: "doc" }, ...parts, row.text.slice(end));
  }

  function draw() {
    const sample = chosen();
    $("number").max = sample.length;
    const place = Math.min(Number($("number").value), sample.length);
    $("number-told").textContent = `${place} of ${sample.length} in this sample`;
    $("before").disabled = place <= 1;
    $("next").disabled = place >= sample.length;
    const row = sample[place - 1];
    const text = $("labels").checked ? labelled(row) : MuCPT.make("p", { class: "doc" }, row.text);
    const body = row.twin && !$("labels").checked
      ? MuCPT.make("div", { class: "side" }, MuCPT.make("section", {}, MuCPT.make("h3", {}, "Dropped"), text), MuCPT.make("section", {}, MuCPT.make("h3", {}, "Its copy, seen before"), MuCPT.make("p", { class: "doc" }, row.twin)))
      : text;
    const truth = row.metadata.truth;
    const label = $("labels").checked ? MuCPT.make("p", { class: "small" }, `Labelled: ${data.kinds[truth.doc_kind] || truth.doc_kind.replaceAll("_", " ")}, ${truth.in_domain ? "about music" : "not about music"}.`) : null;
    $("document").replaceChildren(MuCPT.make("h3", {}, reason(row)), MuCPT.make("p", { class: "small" }, [row.metadata.title, noted(row.detail)].filter(Boolean).join(" · ")), ...(label ? [label] : []), body, ...(row.cut ? [MuCPT.make("p", { class: "small" }, "The text goes on.")] : []));
    document.body.dataset.ready = "yes";
  }

  const move = by => { $("number").value = Number($("number").value) + by; draw(); };
  $("reason").addEventListener("input", () => { $("number").value = 1; draw(); });
  for (const id of ["number", "labels"]) $(id).addEventListener("input", draw);
  $("before").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("controls").addEventListener("submit", event => event.preventDefault());
  offer();
  draw();
})();
