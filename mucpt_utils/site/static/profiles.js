"use strict";
// All profiles beside each other: the same difference, accuracy along training, effects by subject.
(() => {
  const $ = id => document.getElementById(id);
  const words = MuCPT.data.words;
  const profiles = MuCPT.profiles.map(name => MuCPT.data[`profile-${name}`]);
  const KINDS = ["covered", "uncovered"];
  const ENDS = 12; // subjects at either end that are shown first
  const MEASURES = ["log_likelihood", "accuracy"];
  const stratum = name => words.strata[name] || name;
  const unit = () => words.units[$("metric").value] || "";
  const arms = new Map(profiles.flatMap(data => Object.entries(data.arms)).map(([name, arm]) => [name, arm.title]));
  const say = value => MuCPT.signed(value);
  const legend = KINDS.map((kind, number) => [stratum(kind), `kind-${number}`]);
  const option = (value, title) => MuCPT.make("option", { value }, title);

  function offer() {
    const compared = [...arms.keys()].filter(name => profiles.some(data => differences(data, name, MEASURES[0]).length));
    const count = name => profiles.filter(data => differences(data, name, MEASURES[0]).length).length;
    $("arm").replaceChildren(...compared.map(name => option(name, `${arms.get(name)} (${count(name)} profile${count(name) === 1 ? "" : "s"})`)));
    const most = [...compared].filter(name => profiles[0].arms[name]?.role === "method").sort((a, b) => count(b) - count(a))[0];
    $("arm").value = count(MuCPT.paper) > 1 ? MuCPT.paper : most || compared[0];
    offerCosts();
    $("metric").replaceChildren(...MEASURES.map(name => option(name, words.metrics[name].replace(/ \(.*/, ""))));
    $("profile").replaceChildren(...profiles.map(data => option(data.name, data.name)));
    $("list").tBodies[0].replaceChildren(...profiles.map(data => MuCPT.make("tr", {}, MuCPT.make("th", { scope: "row" }, data.name), MuCPT.make("td", {}, data.purpose), MuCPT.make("td", {}, data.scale), MuCPT.make("td", {}, MuCPT.make("code", {}, data.commit)))));
  }

  /** At which costs an arm is compared with plain, what it is judged by first; [name, in words]. */
  function offerCosts() {
    const arm = $("arm").value;
    const costs = new Map(profiles.flatMap(data => Object.entries(data.costs)));
    const there = [...costs].filter(([other]) => profiles.some(data => differences(data, arm, MEASURES[0], other).length));
    $("cost").replaceChildren(...there.map(([other, title]) => option(other, sameTokens(arm) ? `plain ${title}` : `“${arms.get(other)}”`)));
    $("cost").value = profiles.map(data => data.deciding[arm]).find(other => costs.has(other)) || "plain";
  }

  const differences = (data, arm, metric, other = "plain") => MuCPT.rows(data, "differences").filter(row => row.arm === arm && row.compared_to === other && row.metric === metric && KINDS.includes(row.stratum) && row.difference !== null);

  async function drawForest() {
    const [arm, metric, cost] = [$("arm").value, $("metric").value, $("cost").value];
    const told = $("cost").selectedOptions[0].textContent; // "plain at equal compute"
    const rows = profiles.flatMap(data => differences(data, arm, metric, cost).map(row => {
      const made = { value: row.difference, low: row.ci_low, high: row.ci_high };
      const numbers = MuCPT.interval(made, say);
      return { ...made, label: data.again ? `${data.name}|(${data.again} again)` : data.name, again: data.again, profile: data.name, commit: data.commit, kind: KINDS.indexOf(row.stratum), stratum: row.stratum, n: row.n, seeds: row.seeds, text: `${numbers} · n ${row.n}`, told: `${data.name}, ${stratum(row.stratum)}: ${numbers}, ${row.seeds} seeds`, _row: row._row };
    }));
    const agree = KINDS.filter(kind => {
      const own = rows.filter(row => row.stratum === kind && !row.again); // a run made again is no run more
      return own.length > 1 && own.every(row => MuCPT.clear(row) && row.value * own[0].value > 0);
    });
    const runs = new Set(rows.filter(row => !row.again).map(row => row.profile)).size;
    const again = profiles.filter(data => data.again && rows.some(row => row.profile === data.name));
    const title = runs < 2 ? `${arms.get(arm)}: only one profile compares it with ${told}` : agree.length ? `${arms.get(arm)}: the same clear sign against ${told} in all ${runs} profiles on ${agree.map(stratum).join(" and ")}` : `${arms.get(arm)}: the profiles do not agree on a clear sign against ${told}`;
    const absent = profiles.filter(data => !rows.some(row => row.profile === data.name)).map(data => data.name);
    MuCPT.frame($("forest"), { title, legend, reading: `Each row is a run: mean difference to ${told}, with its 95 % interval; n is the number of pairs of question and seed.${again.map(data => ` ${data.name} repeats ${data.again} with the same seeds and is not counted above.`).join("")}${absent.length ? ` Not in the figure, since they did not compare it: ${absent.join(", ")}.` : ""} Click a point to see its row.`, origin: rows.map(row => `${row.profile} ${row.commit}`).filter((text, place, all) => all.indexOf(text) === place).join(", "),
      csv: rows.map(row => ({ profile: row.profile, commit: row.commit, compared_to: told, questions: stratum(row.stratum), value: row.value, interval_from: row.low, interval_to: row.high, n: row.n, seeds: row.seeds })) });
    await MuCPT.draw($("forest"), "forest", rows, { change: spec => MuCPT.fitForest(spec, $("forest"), ["← worse", `difference to plain${unit() ? `, ${unit()}` : ""}`, "better →"].join(MuCPT.SPACE)), label: title, pick: datum => { location.href = `explore.html#row=${datum._row}`; } });
  }

  /** Whether a way of training reads as many tokens as plain: the base reads none, plain with more compute more. */
  const sameTokens = name => !["base", "plain_compute"].includes(name);
  const onTokens = name => (sameTokens(name) ? " on the same tokens" : "");

  /** Whether a way of training began with the base; one that starts from another model has no point there. */
  const fromBase = (data, name) => data.arms[name]?.from_base !== false;

  async function drawCurves() {
    const [arm, metric] = [$("arm").value, $("metric").value];
    const having = profiles.filter(data => MuCPT.rows(data, "learning_curves").some(row => row.arm === arm && row.metric === metric && KINDS.includes(row.stratum)));
    const points = having.flatMap(data => KINDS.flatMap(kind => {
      const rows = MuCPT.rows(data, "learning_curves").filter(row => row.metric === metric && row.stratum === kind && row.value !== null);
      return [["plain", 0], [arm, 1]].flatMap(([name, number]) => {
        const own = rows.filter(row => row.arm === name || (fromBase(data, name) && row.arm === "base" && row.tokens === 0));
        if (!own.some(row => row.arm === name)) return [];
        return [...Map.groupBy(own, row => row.tokens)].map(([tokens, group]) => {
          const made = MuCPT.estimate(group.map(row => row.value));
          return { ...made, x: tokens, series: number, profile: data.name, kind, again: data.again, panel: `${data.name}: ${stratum(kind)}`, told: `${arms.get(name)}, ${tokens.toLocaleString("en")} tokens: ${MuCPT.interval(made, MuCPT.number.bind(MuCPT))}, ${group.length} seeds`, name: arms.get(name) };
        });
      });
    }));
    $("curves").hidden = !points.length;
    if (!points.length) return;
    const title = `Above plain at the end of training${onTokens(arm)}: ${KINDS.map(kind => above(points.filter(point => point.kind === kind && !point.again), kind)).filter(Boolean).join(", ")}`;
    MuCPT.frame($("curves"), { title, legend: [["plain", "shape-0", "var(--ink)"], [arms.get(arm), "shape-1", "var(--covered)"]], reading: `The ${words.metrics[metric]} against tokens read. Lines are means over seeds, bands their 95 % intervals (Student's t); the title counts means. ${having.every(data => fromBase(data, arm)) ? "Both begin at the base" : "Plain begins at the base, the other at the reference model"}. The upright axis need not begin at 0.`, origin: having.map(data => `${data.name} ${data.commit}`).join(", "),
      csv: points.map(point => ({ profile: point.profile, panel: point.panel, way_of_training: point.name, tokens: point.x, value: point.value, interval_from: point.low, interval_to: point.high, seeds: point.n })) });
    const width = MuCPT.narrow() ? Math.max(200, $("curves").clientWidth - 80) : Math.max(220, Math.min(430, $("curves").clientWidth / 2 - 90));
    await MuCPT.draw($("curves"), "curves", points, { panels: [...new Set(points.map(point => point.panel))], label: title, change: spec => {
      Object.assign(spec, { width, height: 170 });
      for (const layer of spec.layer) {
        const { color, shape, y } = layer.encoding;
        if (color) color.scale = { domain: [0, 1], range: ["var(--ink)", "var(--covered)"] };
        if (shape) shape.scale = { domain: [0, 1], range: ["circle", "diamond"] };
        y.title = unit() || "share correct";
      }
    } });
  }

  /** In how many profiles the last mean of the way of training is above plain's. */
  function above(points, kind) {
    const names = [...new Set(points.map(point => point.profile))];
    const last = (name, series) => points.filter(point => point.profile === name && point.series === series).sort((a, b) => b.x - a.x)[0];
    const gains = names.filter(name => last(name, 1).value > last(name, 0)?.value).length;
    return names.length ? `${gains} of ${names.length} profiles on ${stratum(kind)}` : "";
  }

  async function drawSubjects() {
    const [arm, data] = [$("arm").value, profiles.find(one => one.name === $("profile").value)];
    const { metric, effects } = MuCPT.data[`subjects-${data.name}`];
    const own = MuCPT.rows({ name: data.name, tables: { effects } }, "effects").filter(row => row.arm === arm).sort((a, b) => b.value - a.value);
    $("subjects").hidden = !own.length;
    if (!own.length) return;
    const parted = own.some(row => KINDS.includes(row.stratum)); // older runs do not say what is known
    const ordered = [...new Set(own.map(row => row.subject))];
    const left = $("every").checked ? 0 : Math.max(0, ordered.length - 2 * ENDS);
    const hidden = new Set(left ? ordered.slice(ENDS, -ENDS) : []);
    const every = own.map(row => {
      const numbers = MuCPT.interval(row, say);
      const kind = parted ? KINDS.indexOf(row.stratum) : 0;
      return { ...row, _row: undefined, label: MuCPT.broken(row.subject, MuCPT.narrow() ? 18 : 34), kind, text: `${numbers} · n ${row.n}`, told: `${row.subject}, ${stratum(row.stratum)}: ${numbers}, n = ${row.n}` };
    });
    const rows = every.filter(row => !hidden.has(row.subject));
    const gain = part => `${part.filter(row => row.value > 0).length} of ${part.length}`;
    const each = KINDS.map(kind => [kind, every.filter(row => row.stratum === kind)]).filter(([, part]) => part.length);
    const title = `Who gains: ${parted ? each.map(([kind, part]) => `${gain(part)} subjects on ${stratum(kind)}`).join(", ") : `${gain(every)} subjects`}`;
    const measure = words.metrics[metric] || metric;
    MuCPT.frame($("subjects"), { title, legend: parted ? legend : [], reading: `“${arms.get(arm)}” minus plain${onTokens(arm)} in ${measure}, subject by subject, largest gain first. A line is the 95 % interval over the subject's pairs of question and seed, of which n says the number.${left ? ` The ${ENDS} subjects of the largest gains and the ${ENDS} of the smallest are shown; the CSV has all ${ordered.length}.` : ""}`, origin: `Profile ${data.name}, commit ${data.commit}`,
      csv: every.map(row => ({ subject: row.subject, questions: stratum(row.stratum), measure, value: row.value, interval_from: row.low, interval_to: row.high, n: row.n, profile: data.name, commit: data.commit })) });
    await MuCPT.draw($("subjects"), "forest", rows, { label: title, change: spec => {
      MuCPT.fitForest(spec, $("subjects"), ["← worse", `difference${words.units[metric] ? `, ${words.units[metric]}` : ""}`, "better →"].join(MuCPT.SPACE));
    } });
  }

  async function draw() {
    await Promise.all([drawForest(), drawCurves(), drawSubjects()]);
    document.body.dataset.ready = "yes";
  }

  $("controls").addEventListener("input", event => { if (event.target.id === "arm") offerCosts(); draw(); });
  $("controls").addEventListener("submit", event => event.preventDefault());
  let timer;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(draw, 150); });
  offer();
  draw();
})();
