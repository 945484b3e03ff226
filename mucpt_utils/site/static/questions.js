"use strict";
// One question at a time: what every way of training and every real model answered, and the grade.
(() => {
  const $ = id => document.getElementById(id);
  const { questions, titles } = MuCPT.data.questions;
  const GRADES = { correct: "✓ correct", incorrect: "✗ incorrect", not_attempted: "– not attempted" };

  function offer() {
    $("question").replaceChildren(...questions.map((row, place) => MuCPT.make("option", { value: place }, row.question)));
  }

  /** Equal answers of the seeds of one arm stand in one row. */
  function grouped(rows) {
    const groups = new Map();
    for (const [who, seed, response, grade, reason] of rows) {
      const key = JSON.stringify([who, response]);
      if (!groups.has(key)) groups.set(key, { who, response, grade, reason, seeds: [] });
      if (seed !== null) groups.get(key).seeds.push(seed);
    }
    return [...groups.values()];
  }

  function table(rows, first, withSeeds) {
    const heads = [first, ...(withSeeds ? ["Seeds"] : []), "Answer", "Grade", "The grader's reason"].map(head => MuCPT.make("th", { scope: "col" }, head));
    let last;
    const body = grouped(rows).map(row => {
      const name = row.who === last ? "" : titles[row.who] || row.who;
      last = row.who;
      const answer = row.response.trim() ? row.response.slice(0, 300) : "(nothing)";
      return MuCPT.make("tr", {}, MuCPT.make(name ? "th" : "td", name ? { scope: "row" } : {}, name), ...(withSeeds ? [MuCPT.make("td", {}, row.seeds.join(", "))] : []),
        MuCPT.make("td", {}, answer), MuCPT.make("td", { class: `grade ${row.grade}` }, GRADES[row.grade] || row.grade), MuCPT.make("td", {}, row.reason));
    });
    return MuCPT.make("div", { class: "scroll", tabindex: "0" }, MuCPT.make("table", { class: `said${withSeeds ? " seeds" : ""}` }, MuCPT.make("thead", {}, MuCPT.make("tr", {}, ...heads)), MuCPT.make("tbody", {}, ...body)));
  }

  function draw() {
    const row = questions[$("question").value];
    history.replaceState(null, "", `#question=${row.id}`);
    const known = row.known ? ` Reference models that know the subject: ${row.known.length ? `seed${row.known.length === 1 ? "" : "s"} ${row.known.join(", ")}` : "none"}.` : "";
    const also = row.aliases.length ? `; also accepted: ${row.aliases.join(", ")}` : "";
    $("asked").replaceChildren(MuCPT.make("h2", {}, row.question), MuCPT.make("p", {}, "Key: ", MuCPT.make("b", {}, row.answer), `${also}. ${row.stratum[0].toUpperCase()}${row.stratum.slice(1)}.${known} `, MuCPT.make("a", { href: row.reference }, "Where the key can be checked")),
      MuCPT.make("h3", {}, "Ways of training"), table(row.arms, "Way of training", true), ...(row.models.length ? [MuCPT.make("h3", {}, "Real models"), table(row.models, "Model", false)] : []));
    document.body.dataset.ready = "yes";
  }

  const move = by => { $("question").value = (Number($("question").value) + by + questions.length) % questions.length; draw(); };
  $("question").addEventListener("input", draw);
  $("before").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("controls").addEventListener("submit", event => event.preventDefault());
  /** The question of the address, or the first. */
  function start() {
    const wanted = /^#question=(.+)$/.exec(decodeURIComponent(location.hash))?.[1];
    $("question").value = Math.max(0, questions.findIndex(row => row.id === wanted));
    draw();
  }

  addEventListener("hashchange", start);
  offer();
  start();
})();
