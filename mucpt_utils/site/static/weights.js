"use strict";
// The token-weight explorer: cached losses, settings under sliders, weights made of them.
(() => {
  const $ = id => document.getElementById(id);
  const data = MuCPT.data.weights;
  const words = MuCPT.data.words;
  const TRUE = "fact";
  const CLEAR = 0.2; // of the mean weight: less is not told as a difference between a few sentences
  const JUNK = ["noise", "spam", "boilerplate", "pii", "mojibake", "other"];
  const SLIDERS = {
    power: { min: 0.25, max: 4, step: 0.25, value: 1 }, scale: { min: 1.5, max: 20, step: 0.5, value: 6 },
    keep: { min: 0.1, max: 1, step: 0.1, value: 0.6 }, floor: { min: -3, max: 1, step: 0.25, value: -1 },
    mix: { min: 0, max: 1, step: 0.1, value: 1 },
    temperature: { min: 0, max: data.temperatures.length - 1, step: 1 }, knowledge: { min: 0, max: 0, step: 1 },
  };
  const OF_FORM = { power: "power", scale: "log", keep: "step" };
  const sentences = data.sentences.map((sentence, number) => ({ ...sentence, number }));
  const kind = sentence => (sentence.kind === TRUE ? 0 : JUNK.includes(sentence.kind) ? 3 : 1);
  const title = sentence => words.kinds[sentence.kind] || sentence.kind;
  const plainText = sentence => sentence.pieces.join("").trim();
  const subjects = [...new Set(sentences.filter(one => knows(one, true) && knows(one, false)).map(one => one.subject))];

  /** Whether some reference model knows the sentence's subject, or does not. */
  function knows(sentence, wanted) { return sentence.known.some(known => known === wanted); }

  // --- controls ------------------------------------------------------------------------------------
  function reset() {
    SLIDERS.knowledge.max = subjects.length;
    SLIDERS.knowledge.value = Math.ceil(subjects.length / 2);
    const calibrated = data.calibrated[String(data.seeds[0])] ?? data.temperatures[0];
    SLIDERS.temperature.value = Math.max(0, data.temperatures.indexOf(calibrated));
    for (const [name, setting] of Object.entries(SLIDERS)) Object.assign($(name), { min: setting.min, max: setting.max, step: setting.step, value: setting.value });
    for (const name of ["form", "direction"]) $(name).querySelector("input").checked = true;
  }

  function offerSentences() {
    const first = new Set(firstChoice());
    $("sentences").replaceChildren(...sentences.map(sentence => MuCPT.make("label", {},
      MuCPT.make("input", { type: "checkbox", value: sentence.number, checked: first.has(sentence.number) }), `${shorter(plainText(sentence))} (${title(sentence)})`)));
  }

  /** Two of each kind about known and about unknown subjects, so that true, false and junk stand beside each other. */
  function firstChoice() {
    const chosen = (wanted, known) => sentences.filter(sentence => kind(sentence) === wanted && isKnown(sentence) === known).slice(0, 2);
    return [0, 1, 3].flatMap(wanted => [true, false].flatMap(known => chosen(wanted, known))).map(sentence => sentence.number);
  }

  const shorter = text => (text.length > 56 ? `${text.slice(0, 54)} …` : text);
  const radio = name => $(name).querySelector("input:checked").value;

  function criterion() {
    const value = name => Number($(name).value);
    return { form: radio("form"), direction: radio("direction"), compare: "ratio", power: value("power"), scale: value("scale"), keep: value("keep"), floor: 10 ** value("floor"), mix: value("mix"), low: 0, high: 1 };
  }

  // --- which reference model scores a sentence --------------------------------------------------------
  const temperature = () => data.temperatures[$("temperature").value];
  const isKnown = sentence => {
    const place = subjects.indexOf(sentence.subject);
    return place < 0 ? sentence.known[0] : place < Number($("knowledge").value);
  };

  /** Losses by a reference model that knows the subject, or by one that does not. */
  function referenceOf(sentence) {
    const wanted = isKnown(sentence);
    const place = Math.max(0, sentence.known.indexOf(wanted));
    return sentence.reference[String(data.seeds[place])][temperature()];
  }

  function weighed() {
    const chosen = [...$("sentences").querySelectorAll("input:checked")].map(box => sentences[box.value]);
    const settings = criterion();
    const weights = MuCPT.tokenWeights(chosen.flatMap(one => one.base), chosen.flatMap(referenceOf), settings);
    let start = 0;
    return chosen.map(sentence => {
      const own = weights.slice(start, (start += sentence.pieces.length));
      return { sentence, weights: own, known: isKnown(sentence) };
    });
  }

  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  const answerMean = one => (one.sentence.answer && one.weights.slice(...one.sentence.answer).length ? mean(one.weights.slice(...one.sentence.answer)) : mean(one.weights));

  // --- drawing -------------------------------------------------------------------------------------------
  function colour(weight) {
    const share = weight >= 1 ? Math.min(1, (weight - 1) / 2) : Math.min(1, 1 - weight);
    return `rgba(var(${weight >= 1 ? "--up" : "--down"}), ${(share * 0.5).toFixed(3)})`;
  }

  function drawSentence({ sentence, weights }) {
    const [from, to] = sentence.answer || [-1, -1];
    const tokens = sentence.pieces.map((piece, place) => MuCPT.make("span", { class: `tok${place >= from && place < to ? " answer" : ""}`, style: `background: ${colour(weights[place])}`, "data-weight": weights[place].toFixed(6) },
      MuCPT.make("b", {}, piece), MuCPT.make("i", {}, weights[place].toFixed(1))));
    const answer = sentence.answer ? `, of the answer ${answerMean({ sentence, weights }).toFixed(2)}` : "";
    return MuCPT.make("div", { class: "sentence" }, MuCPT.make("p", { class: "about" }, `${title(sentence)}, about ${sentence.subject}: mean weight ${mean(weights).toFixed(2)}${answer}`), MuCPT.make("p", { class: "tokens" }, ...tokens));
  }

  function columns(all) {
    const groups = [
      ["True, and the RM knows the subject", one => kind(one.sentence) === 0 && one.known],
      ["True, but the RM does not know the subject", one => kind(one.sentence) === 0 && !one.known],
      ["False, and the RM knows the subject", one => kind(one.sentence) === 1 && one.known],
      ["False, but the RM does not know the subject", one => kind(one.sentence) === 1 && !one.known],
      ["No statement at all", one => kind(one.sentence) === 3],
    ];
    return groups.map(([name, belongs]) => [name, all.filter(belongs)]).filter(([, members]) => members.length);
  }

  function conclusion(groups) {
    const of = name => groups.find(([title]) => title.startsWith(name))?.[1].map(answerMean);
    const [known, falseUnknown, trueUnknown, falseKnown] = [of("True, and"), of("False, but"), of("True, but"), of("False, and")];
    if (trueUnknown && falseUnknown) return mean(trueUnknown) > mean(falseUnknown) + CLEAR ? "Of what the RM does not know, truth weighs more than falsehood here" : "Of what the RM does not know, truth does not clearly weigh more than falsehood";
    if (known && trueUnknown) return mean(known) > mean(trueUnknown) ? "What the RM knows gets more weight than what it does not know" : "What the RM knows gets no more weight here";
    if (known && falseUnknown) return mean(known) > mean(falseUnknown) + CLEAR ? "True sentences that the RM knows weigh more than false ones that it does not know" : "True sentences that the RM knows do not clearly weigh more than false ones that it does not know";
    if (known && falseKnown) return mean(known) > mean(falseKnown) + CLEAR ? "Of what the RM knows, truth weighs more than falsehood here" : "Even of what the RM knows, truth does not clearly weigh more than falsehood here";
    return "Mean weight of the answers, by kind of sentence";
  }

  async function draw() {
    told();
    const all = weighed();
    const groups = columns(all);
    $("columns").replaceChildren(MuCPT.make("div", { class: "pair" }, ...groups.map(([name, members]) => MuCPT.make("section", {}, MuCPT.make("h2", {}, name), ...members.map(drawSentence)))));
    if (!all.length) $("columns").replaceChildren(MuCPT.make("p", { class: "note" }, "No sentence is chosen."));
    $("kinds").hidden = !all.length;
    if (!all.length) return;
    const rows = groups.map(([name, members]) => {
      const value = mean(members.map(answerMean));
      return { label: MuCPT.broken(name, MuCPT.narrow() ? 18 : 32), name, value, text: `${value.toFixed(2)} · n ${members.length}`, told: `${name}: ${value.toFixed(3)}, ${members.length} sentences` };
    });
    MuCPT.frame($("kinds"), { title: conclusion(groups), reading: "Mean weight of the answers' tokens (of all tokens where a sentence has no answer); weight 1 is the mean over all chosen sentences. n is the number of sentences; a handful of examples, so without interval.", origin: document.querySelector("p.origin").textContent.split(" The losses")[0].replace(/\.$/, ""),
      csv: all.flatMap(one => one.sentence.pieces.map((piece, place) => ({ kind: title(one.sentence), subject: one.sentence.subject, known: one.known ? "yes" : "no", token: piece, model_loss: one.sentence.base[place], rm_loss: referenceOf(one.sentence)[place], weight: one.weights[place].toFixed(6) }))) });
    const width = Math.max(120, Math.min(420, $("kinds").clientWidth - (MuCPT.narrow() ? 210 : 330)));
    await MuCPT.draw($("kinds"), "bars", rows, { label: conclusion(groups), change: spec => { spec.width = width; for (const layer of spec.layer) { layer.encoding.x.title = "mean weight"; } } });
    document.body.dataset.ready = "yes";
  }

  function told() {
    const now = criterion();
    const show = { power: now.power, scale: now.scale, keep: `${Math.round(now.keep * 100)} %`, floor: Number(now.floor.toPrecision(3)), mix: `${Math.round(now.mix * 100)} %`, temperature: temperature(), knowledge: `${$("knowledge").value} of ${subjects.length} subject${subjects.length === 1 ? "" : "s"}` };
    for (const [name, text] of Object.entries(show)) $(`${name}-told`).textContent = text;
    for (const [name, form] of Object.entries(OF_FORM)) {
      $(name).disabled = now.form !== form;
      $(`field-${name}`).classList.toggle("off", now.form !== form);
    }
    $("field-knowledge").hidden = subjects.length === 0;
  }

  $("controls").addEventListener("input", draw);
  $("controls").addEventListener("submit", event => event.preventDefault());
  $("reset").addEventListener("click", () => { reset(); offerSentences(); draw(); });
  reset();
  offerSentences();
  draw();
})();
