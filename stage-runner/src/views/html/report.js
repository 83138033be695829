"use strict";

// The replay. Overview and tables need none of this.
//
// A recorded run is a list of steps: one worker does one thing from when to when. All times are
// tenths of a microsecond. `Stage` works out once what the steps mean; `build` makes the marks of
// the stages in view; `layout` moves them along the axis; `show` says what one moment looks like.
(() => {
  const $ = (id) => document.getElementById(id);
  const DATA = JSON.parse($("data").textContent);
  if (!DATA.stages.length) return themes();

  const KIND = Object.fromEntries(DATA.kinds.map((word, number) => [word, number]));
  const [FROM, LENGTH, WORKER, WHAT, FETCH, PLACE, NUMBER, ASLEEP, WORD] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8,
  ];
  const MS = 1e4;
  const SECOND = 1e7;

  // From a millisecond on, a time without events is drawn as a cut of one width.
  const CUT = MS;
  // With more cuts than these, stretched time shows nothing until it is wide.
  const CROWDED = 40;
  // The height of the lane of a worker beside others.
  const LOOP = 22;
  const SPEEDS = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16];
  const EVENTS_A_SECOND = 2.5;
  const RIGHT = 18;

  const end = (step) => step[FROM] + step[LENGTH];
  const first = (list) => list[0];
  const last = (list) => list[list.length - 1];

  // The last index in a sorted list whose value is no later than `t`; -1 before the first.
  function lastAt(list, t, value = (item) => item) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value(list[middle]) <= t) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // ---- Words.

  function exact(t) {
    if (t < MS) return `${(t / 10).toFixed(t < 100 ? 1 : 0)} µs`;
    return t < 10 * SECOND ? `${(t / MS).toFixed(3)} ms` : `${(t / SECOND).toFixed(6)} s`;
  }

  function about(t) {
    if (t < MS) return `${Math.round(t / 10)} µs`;
    if (t < 10 * MS) return `${(t / MS).toFixed(1)} ms`;
    return t < SECOND ? `${Math.round(t / MS)} ms` : `${(t / SECOND).toFixed(2)} s`;
  }

  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const count = (number) => number.toLocaleString("en");

  // 1, 2, 3, 5: "1–3, 5"
  function ranges(numbers) {
    const parts = [];
    let [from, to] = [null, null];
    for (const number of [...numbers].sort((a, b) => a - b).concat(Infinity)) {
      if (to !== null && number === to + 1) {
        to = number;
        continue;
      }
      if (from !== null)
        parts.push(to > from + 1 ? `${from}–${to}` : to > from ? `${from}, ${to}` : `${from}`);
      from = to = number;
    }
    return parts.join(", ");
  }

  // ---- Elements. Text becomes text and nothing else: `innerHTML` is nowhere.

  function make(node, attributes, parent, text) {
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  }
  const html = (name, attributes, parent, text) =>
    make(document.createElement(name), attributes, parent, text);
  const svg = (name, attributes, parent, text) =>
    make(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, parent, text);

  // ---- A recorded run, and what its steps mean.

  class Stage {
    constructor(raw) {
      Object.assign(this, raw);
      this.lanesOf = raw.lanes;
      // A worker that serves many pages has a lane of its own. Of others, each has its own page.
      this.alone = this.workers.length === 1;
      this.byWorker = this.workers.map(() => []);
      this.byFetch = this.fetches.map(() => []);
      for (const step of this.steps) {
        this.byWorker[step[WORKER]].push(step);
        if (step[FETCH] >= 0) this.byFetch[step[FETCH]].push(step);
      }
      this.spins = this.steps.some((step) => step[WHAT] === KIND.spun);
      this.tellsReady = this.steps.some((step) => step[WHAT] === KIND.woken && step[NUMBER] > 0);
      this.wakes = this.findWakes();
      this.wakeOf = new Map(this.wakes.map((wake) => [wake.step, wake]));
      this.lanes = this.byFetch.map((steps, fetch) => this.lane(steps, fetch));
      this.times = [...new Set(this.steps.map((step) => step[FROM]))].sort((a, b) => a - b);
      this.end = Math.max(this.wall, ...this.times.slice(-1));
      const isLoop = (step) =>
        (step[WHAT] === KIND.slept || step[WHAT] === KIND.woken) && step[PLACE] >= 0;
      this.loopFiles = new Set(this.steps.filter(isLoop).map((step) => this.file(step)));
    }

    file(step) {
      return this.places[step[PLACE]].replace(/:\d+$/, "");
    }

    line(step) {
      return +(this.places[step[PLACE]].match(/:(\d+)$/) || [0, 0])[1];
    }

    // After a worker's wait for many sockets, its pages that have a step before its next wait were
    // woken.
    findWakes() {
      const wakes = [];
      for (const steps of this.byWorker) {
        let wake = null;
        let before = null;
        const begun = new Set(); // since then: these were not waiting
        for (const step of steps) {
          if (step[WHAT] === KIND.woken) {
            // Nobody is woken by the answer to a question that did not sleep.
            const slept = Boolean(before && before[ASLEEP]);
            wake = { t: step[FROM], worker: step[WORKER], step, slept, fetches: [] };
            wakes.push(wake);
            begun.clear();
          } else if (step[WHAT] === KIND.slept) {
            wake = null;
          } else if (step[WHAT] === KIND.begun) {
            begun.add(step[FETCH]);
          } else if (wake && step[FETCH] >= 0) {
            const isWoken = !begun.has(step[FETCH]) && !wake.fetches.includes(step[FETCH]);
            if (isWoken) wake.fetches.push(step[FETCH]);
          }
          before = step;
        }
      }
      return wakes.sort((a, b) => a.t - b.t);
    }

    hasLane(worker) {
      return this.lanesOf.includes(worker);
    }

    // What a worker is called; the only one of a process has no name.
    nameOf(worker) {
      return this.alone ? "the thread" : this.workers[worker];
    }

    // From when to when a page was in which state.
    lane(steps, fetch) {
      const lane = [];
      steps.forEach((step, at) => {
        const state = step[ASLEEP] ? "asleep" : step[WHAT] === KIND.spun ? "vain" : "run";
        lane.push({ from: step[FROM], to: end(step), state });
        const next = steps[at + 1];
        if (!next || next[FROM] <= end(step)) return;
        const isIts = ({ t, worker, fetches }) =>
          worker === next[WORKER] && t > end(step) && t <= next[FROM] && fetches.includes(fetch);
        const woken = this.hasLane(next[WORKER]) ? this.wakes.find(isIts) : undefined;
        const ready = woken ? woken.t : next[FROM];
        lane.push({ from: end(step), to: ready, state: this.spins ? "vain" : "waits" });
        if (next[FROM] > ready) lane.push({ from: ready, to: next[FROM], state: "ready" });
      });
      return lane;
    }

    fetchOf(number) {
      return this.fetches.findIndex((fetch) => fetch.number === number);
    }

    latest(t) {
      return this.steps[lastAt(this.steps, t, (step) => step[FROM])];
    }

    latestOf(worker, t) {
      const steps = this.byWorker[worker];
      return steps[lastAt(steps, t, (step) => step[FROM])];
    }

    // What a page that nobody sleeps for waits for: its next call has begun, or its bytes are to come.
    // Where the system makes the calls, a page notes only what is done.
    waitsFor(fetch, t) {
      const isDone = this.told === "completion";
      const waits = new Map([
        [isDone ? KIND.begun : KIND.connecting, "waits to connect"],
        [KIND.connected, isDone ? "waits to send" : ""],
        ...[KIND.send, KIND.sent, KIND.received].map((kind) => [kind, ""]),
      ]);
      const past = this.byFetch[fetch].filter((step) => step[FROM] <= t && waits.has(step[WHAT]));
      return (past.length && waits.get(last(past)[WHAT])) || "waits for bytes";
    }

    // Whether a worker's last step is over.
    hasEnded(worker, t) {
      const step = last(this.byWorker[worker]);
      return Boolean(step) && t >= end(step);
    }

    // A class, words and a mark for what a page does at that moment.
    stateOf(fetch, t) {
      const steps = this.byFetch[fetch];
      const { error, end: ended } = this.fetches[fetch];
      if (!steps.length || t < first(steps)[FROM]) return ["none", "not begun", ""];
      const final = last(steps);
      if (t >= end(final) && (final[WHAT] === KIND.done || final[WHAT] === KIND.failed)) {
        if (error) return ["bad", `✕ ${error[0]}`, "✕"];
        return [
          "over",
          ended === null ? "done" : `done, ${(ended / MS).toFixed(ended < SECOND ? 2 : 1)} ms`,
          "●",
        ];
      }
      const lane = this.lanes[fetch];
      const step = steps[lastAt(steps, t, (step) => step[FROM])];
      switch (lane[lastAt(lane, t, (part) => part.from)].state) {
        case "run":
          return ["hot", DOES[DATA.kinds[step[WHAT]]] || "runs", "█"];
        case "ready":
          return ["line", `${READY[this.told] || "ready"}, in line`, "□"];
        case "asleep":
          return ["sleeper", `asleep in ${CALLS[DATA.kinds[step[WHAT]]] || "a call"}`, "z"];
        case "vain":
          return ["vain", "asked in vain", "▒"];
        default:
          return ["waits", this.waitsFor(fetch, t), "─"];
      }
    }

    // One step as a sentence. While it lasts, nobody knows how long: whoever guesses is not told.
    say(step, isOpen = false) {
      if (!step) return "nothing has begun";
      const [, length, worker, kind, fetch, , number, asleep, word] = step;
      const its = this.nameOf(worker);
      const page = fetch >= 0 ? this.fetches[fetch].path : its;
      const who = !this.alone && fetch >= 0 ? `${page} (${its})` : page;
      if (word !== undefined) return `${who}: ${this.words[word]}`;
      const takes = isOpen ? "" : `, ${about(length)}`;
      const sleeps = asleep ? `, and sleeps${isOpen ? "" : ` ${about(length)}`}` : "";
      const times = isOpen ? "" : `: ${count(number)} times for nothing`;
      const call = this.call ? ` ${this.call}` : "";
      switch (kind) {
        case KIND.starting:
          return `${its} is being started${takes}`;
        case KIND.begun:
          return `${who} begins: a socket, and the start of a connection`;
        case KIND.connect:
          return `${who} calls connect${sleeps}`;
        case KIND.connecting:
          return `${who} has begun to connect, and does not wait for it`;
        case KIND.callFailed:
          return `${who}: the call failed`;
        case KIND.connected:
          return `${who} is connected`;
        case KIND.send:
          return `${who} sends its request`;
        case KIND.sent:
          return number ? `${who} has sent ${count(number)} bytes` : `${who} has sent its request`;
        case KIND.parked:
          return `${who} ${this.parks}`;
        case KIND.receive:
          return `${who} calls recv${sleeps}`;
        case KIND.resumed:
          return `${who} ${this.resumes}receives`;
        case KIND.checks:
          return `${who} ${this.resumes}checks its connection`;
        case KIND.received:
          return number
            ? `${who} has received ${count(number)} bytes`
            : `${who} finds the end of its page`;
        case KIND.done:
          return `${who} is done`;
        case KIND.failed:
          return `${who} has failed: ${(this.fetches[fetch]?.error || ["", ""])[1]}`;
        case KIND.slept:
          return asleep
            ? `nothing to do: ${its} sleeps${call && ` in${call}`}${takes}`
            : `${its} asks${call} ${ASKS[this.told] || "what is ready"}`;
        case KIND.woken:
          return this.sayWoken(step);
        case KIND.asked:
          return `${who} asks, nothing is there, and it must wait`;
        case KIND.spun:
          return `${fetch >= 0 ? who : its} asks again and again${times}`;
        case KIND.others:
          return "other pages, which are not shown here";
        default:
          return fetch >= 0 ? `the code of ${who} runs` : "the loop runs";
      }
    }

    sayWoken(step) {
      const [, , worker, , , , number] = step;
      const { slept, fetches } = this.wakeOf.get(step);
      const its = this.nameOf(worker);
      const names = fetches.map((fetch) => this.fetches[fetch].path);
      const call = this.call || "the system";
      const isDone = this.told === "completion";
      const said = READY[this.told] || "ready";
      if (!number && this.tellsReady) {
        if (!slept) return `${call} says: nothing is ${said}`;
        if (names.length)
          return `the deadline of ${names.join(", ")} has passed, and ends the sleep`;
      }
      if (!names.length)
        return number ? `${call} says: ${count(number)} ${said}` : `${its} is awake`;
      const many = Math.max(number, names.length);
      const then = this.then && `; ${this.then}`;
      const says = slept ? `${call} wakes ${its}` : `${call} says`;
      // Of the pages that are not shown, one may have been the first.
      const hides = this.of > this.fetches.length && many > names.length;
      if (many > 3 || hides) {
        const which = hides ? "one of them" : "first";
        return isDone
          ? `${says}: ${count(many)} calls are done, one of ${first(names)} is ${which}`
          : `${says}: ${count(many)} are ready, ${first(names)} is ${which}${then}`;
      }
      if (isDone) return `${says}: what ${names.join(", ")} asked for is done`;
      return `${says}: ${names.join(", ")} ${names.length > 1 ? "are" : "is"} ready${then}`;
    }
  }

  // What a thread asks, and is told, by what its system tells it.
  const ASKS = { readiness: "which sockets are ready", completion: "what is done" };
  const READY = { readiness: "ready", completion: "done" };

  const DOES = {
    begun: "starts to connect",
    connect: "connects",
    connecting: "starts to connect",
    callFailed: "its call failed",
    connected: "is connected",
    send: "sends",
    sent: "has sent",
    parked: "asks to be told",
    receive: "receives",
    resumed: "receives",
    checks: "is checked",
    received: "reads its page",
    asked: "asks, and must wait",
    done: "is done",
    failed: "fails",
  };
  const CALLS = { connect: "connect", send: "send", receive: "recv", resumed: "recv" };

  const stages = DATA.stages.map((raw) => new Stage(raw));
  const find = (name) => stages.findIndex((stage) => stage.name === name);

  // ---- What is in view.

  const view = {
    shown: [],
    t: 0,
    playing: false,
    speed: 1,
    stretch: 1, // 0 is true time
    zoom: 1,
    scroll: 0,
    follow: 0, // the number of a page; 0 is none
    width: 1000,
    gutter: 230, // for names, at the left
  };
  const byDefault = ["blocking", "epoll", "thread-pool", "async-await"]
    .map(find)
    .filter((at) => at >= 0);
  view.shown = byDefault.length > 1 ? byDefault.slice(0, 2) : stages.length > 1 ? [0, 1] : [0];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  let axis; // the time axis of the stages in view
  let panels = [];
  let movers = []; // what has to be done when the axis changes

  // ---- Stretched time: a time between two events gets a width by its logarithm, a long one a fixed
  // width. The map is monotone and linear in between, so it has an inverse.

  function measure() {
    const set = new Set([0]);
    for (const stage of view.shown.map((at) => stages[at])) {
      for (const t of stage.times) set.add(t);
      set.add(stage.end);
      for (const step of stage.steps) {
        if ([KIND.spun, KIND.done, KIND.failed].includes(step[WHAT])) set.add(end(step));
      }
    }
    const times = [...set].sort((a, b) => a - b);
    if (times.length === 1) times.push(1);
    const width = view.width - view.gutter - RIGHT;
    const gaps = times.slice(1).map((t, at) => t - times[at]);
    const long = gaps.filter((gap) => gap >= CUT).length;
    const cut = long ? Math.max(18, Math.min(120, (0.36 * width) / long)) : 0;
    const raw = gaps.map((gap) => (gap >= CUT ? 0 : 2.2 + 8 * Math.log10(1 + gap / 5)));
    const sum = raw.reduce((a, b) => a + b, 0) || 1;
    const scale = Math.max(0.2 * width, width - cut * long) / sum;
    const places = [0];
    gaps.forEach((gap, at) => places.push(places[at] + (gap >= CUT ? cut : raw[at] * scale)));
    axis = { times, end: last(times), width, cuts: [], bursts: [] };
    axis.places = places.map((place) => place / last(places));
    let from = 0;
    gaps.forEach((gap, at) => {
      if (gap < CUT) return;
      if (at > from || from === 0) axis.bursts.push([times[from], times[at]]);
      axis.cuts.push([times[at], times[at + 1]]);
      from = at + 1;
    });
    if (from < times.length - 1) axis.bursts.push([times[from], last(times)]);
  }

  function between(from, to, value) {
    const at = Math.min(from.length - 2, Math.max(0, lastAt(from, value)));
    const share = from[at + 1] > from[at] ? (value - from[at]) / (from[at + 1] - from[at]) : 0;
    return to[at] + (to[at + 1] - to[at]) * share;
  }
  const stretched = (t) => between(axis.times, axis.places, t);
  const unstretched = (place) => between(axis.places, axis.times, place);

  function X(t) {
    const inside = Math.min(axis.end, Math.max(0, t));
    const place = ((1 - view.stretch) * inside) / axis.end + view.stretch * stretched(inside);
    return view.gutter + place * axis.width * view.zoom;
  }

  function timeAt(x) {
    const place = Math.min(
      1,
      Math.max(0, (x + view.scroll - view.gutter) / (axis.width * view.zoom)),
    );
    return view.stretch > 0.5 ? unstretched(place) : place * axis.end;
  }

  function unit(labels) {
    const units = [1, 10, 100, 1e3, 1e4].flatMap((power) =>
      [1, 2, 5].map((factor) => factor * power * MS),
    );
    return units.find((unit) => axis.end / unit <= labels) || SECOND * 100;
  }

  // ---- Marks that move with the axis.

  function span(node, from, to, least = 0) {
    movers.push(() => {
      const a = X(from);
      const b = Math.max(a + least, X(to));
      if (node.tagName === "rect") {
        node.setAttribute("x", a);
        node.setAttribute("width", Math.max(0, b - a));
      } else {
        node.setAttribute("x1", a);
        node.setAttribute("x2", b);
      }
    });
  }
  const spot = (node, t, attribute, shift = 0) =>
    movers.push(() => node.setAttribute(attribute, X(t) + shift));

  function layout() {
    for (const move of movers) move();
    for (const node of document.querySelectorAll(".moving")) {
      node.setAttribute("transform", `translate(${-view.scroll} 0)`);
    }
  }

  // What lies left of the plot must not run into the names.
  let clips = 0;
  function clipped(root) {
    const id = `clip${clips++}`;
    const clip = svg("clipPath", { id }, svg("defs", {}, root));
    svg(
      "rect",
      { x: view.gutter - 14, y: 0, width: view.width - view.gutter + 14, height: 4000 },
      clip,
    );
    return svg("g", { "clip-path": `url(#${id})` }, root);
  }

  const isNarrow = () => view.width < 560;

  function build() {
    movers = [];
    clips = 0;
    view.width = $("player").clientWidth || 1200;
    // A narrow window has room for names, and not for what each page does in words.
    view.gutter = view.width > 1500 ? 300 : isNarrow() ? 112 : 250;
    measure();
    drawTime();
    $("panels").replaceChildren();
    $("codes").replaceChildren();
    panels = view.shown.map((at, side) => new Panel(stages[at], side));
    $("codes").className = panels.length === 1 ? "one" : "";
    for (const panel of panels) panel.addCode();
    if (panels.length === 1) panels[0].addLife();
    // The code takes what is left of the window under the pictures.
    const above = $("codes").offsetTop - $("player").offsetTop;
    $("codes").style.setProperty("--code", `${Math.max(230, innerHeight - above - 52)}px`);
    for (const panel of panels) panel.showLoop();
    layout();
    show(true);
  }

  // True time as a strip; what happens in it is widened by lenses to the stretched axis below.
  function drawTime() {
    const root = $("time");
    root.replaceChildren();
    root.setAttribute("height", 92);
    root.setAttribute("viewBox", `0 0 ${view.width} 92`);
    svg("text", { x: 4, y: 20, class: "side" }, root, "true time");
    svg("text", { x: 4, y: 84, class: "side", id: "axisname" }, root, axisName());
    if (isNarrow()) root.querySelectorAll(".side").forEach((text) => text.remove());
    const trueX = (t) => view.gutter + (t / axis.end) * axis.width;
    svg(
      "line",
      { class: "truebar", x1: view.gutter, x2: view.gutter + axis.width, y1: 16, y2: 16 },
      root,
    );
    const step = unit(8);
    for (let t = 0; t <= axis.end; t += step) {
      svg("line", { class: "tick", x1: trueX(t), x2: trueX(t), y1: 12, y2: 20 }, root);
      const label = axis.end >= SECOND ? `${t / SECOND} s` : `${t / MS} ms`;
      svg("text", { x: trueX(t), y: 10, class: t ? "" : "side" }, root, t ? label : "0");
    }
    const moving = svg("g", { class: "moving" }, clipped(root));
    for (const [from, to] of axis.bursts) {
      const lens = svg("path", { class: "lens" }, moving);
      const [left, right] = [trueX(from) - 1, trueX(to) + 1];
      movers.push(() => {
        const [a, b] = [left + view.scroll, right + view.scroll];
        const [c, d] = [X(from), X(to)];
        lens.setAttribute(
          "d",
          `M${a} 22L${b} 22C${b} 44 ${d} 36 ${d} 62L${c} 62C${c} 36 ${a} 44 ${a} 22Z`,
        );
      });
      svg(
        "rect",
        { class: "burst", x: left, width: Math.max(2.5, right - left), y: 12, height: 10 },
        root,
      );
    }
    view.ticks = svg("g", {}, moving);
    // What is to come, on both axes and in the lenses between them: hidden from whoever guesses.
    view.hidden = svg("path", { class: "future" }, clipped(root));
    view.dot = svg("circle", { r: 5, cy: 16, class: "dot" }, root);
    movers.push(drawTicks);
  }

  const axisName = () => (view.stretch > 0.5 ? "stretched where something happens" : "true time");

  function nameAxis() {
    if ($("axisname")) $("axisname").textContent = axisName();
  }

  // Labels where there is room for them, the beginnings of bursts first.
  function drawTicks() {
    view.ticks.replaceChildren();
    view.lengths = [];
    const letter = view.width > 1500 ? 9 : 7.4;
    let used = -100;
    const put = (t, text, cls) => {
      const half = (text.length * letter) / 2 + 4;
      if (X(t) - half < used) return;
      svg("line", { class: "tick", x1: X(t), x2: X(t), y1: 62, y2: 70 }, view.ticks);
      svg("text", { x: X(t), y: 84, class: cls }, view.ticks, text);
      used = X(t) + half;
    };
    if (view.stretch < 0.5) {
      const step = unit(10 * view.zoom);
      for (let t = 0; t <= axis.end; t += step) put(t, t ? about(t) : "0", "strong");
      return;
    }
    for (const [from, to] of axis.bursts) {
      const [a, b] = [X(from), X(to)];
      const text = about(from);
      svg("line", { class: "tick", x1: a, x2: a, y1: 60, y2: 72 }, view.ticks);
      // Without its begin, nobody knows what the others count from.
      if (a < used || b - a < text.length * letter) continue;
      svg("text", { x: a, y: 84, class: "strong side" }, view.ticks, text);
      used = a + text.length * (letter + 0.4) + 8;
      for (const base of [100, 1000]) {
        for (let times = 1; times < 10; times++) {
          const t = from + times * base;
          if (t < to && X(t) < b - 20) put(t, `+${(times * base) / 10} µs`, "");
        }
      }
    }
    for (const [from, to] of axis.cuts) {
      const width = X(to) - X(from);
      const text = about(to - from);
      const fits = width > text.length * letter * 0.9;
      if (width > 30) {
        const place = { x: (X(from) + X(to)) / 2, y: 58, class: fits ? "strong" : "" };
        const label = svg("text", place, view.ticks, fits ? text : text.split(" ")[0]);
        view.lengths.push({ label, to });
      }
    }
  }

  // ---- One stage: a lane for each worker that serves many pages, a lane for each page, its code.

  class Panel {
    constructor(stage, side) {
      this.stage = stage;
      const box = html(
        "section",
        { class: "panel", "aria-label": `Replay ${side + 1}: ${stage.name}` },
        $("panels"),
      );
      this.addTop(box, side);
      if (stage.notes.length) html("p", { class: "note" }, box, stage.notes.join(" "));
      const pages = stage.fetches.length;
      this.row = rowHeight(pages);
      const few = stage.lanesOf.length === 1;
      this.top = few ? this.row + 14 : stage.lanesOf.length && stage.lanesOf.length * LOOP + 10;
      this.height = this.top + pages * this.row + 10;
      const name = `${stage.name}: what each page and each worker does, over time`;
      const size = { height: this.height, viewBox: `0 0 ${view.width} ${this.height}` };
      this.root = svg("svg", { class: "lanes", role: "img", "aria-label": name, ...size }, box);
      this.labels = svg("g", {}, this.root);
      const plot = clipped(this.root);
      this.plot = svg("g", { class: "moving" }, plot);
      const gaps = svg("g", {}, this.plot);
      for (const [from, to] of axis.cuts) {
        span(svg("rect", { class: "gap", y: 0, height: this.height }, gaps), from, to);
      }
      movers.push(() => gaps.setAttribute("opacity", view.stretch.toFixed(2)));
      this.workers = stage.lanesOf.map((worker, at) => {
        const isMain = stage.workers[worker] === "main";
        const y = few ? 6 + (this.top - 12) / 2 : 6 + at * LOOP + LOOP / 2;
        const lane = this.label(y, isMain ? "1 thread" : stage.workers[worker], null);
        this.drawWorker(worker, y);
        return { worker, y, ...lane };
      });
      this.drawWakes();
      this.rows = stage.fetches.map((_, fetch) => this.drawFetch(fetch));
      this.future = svg(
        "rect",
        { class: "future", y: 0, height: this.height, x: 0, width: 0 },
        plot,
      );
      this.needle = svg("line", { class: "needle", y1: 0, y2: this.height }, plot);
      this.root.addEventListener("pointerdown", (event) => {
        if ((event.offsetX * view.width) / this.root.clientWidth > view.gutter) drag(event);
      });
    }

    addTop(box, side) {
      const top = html("div", { class: "top" }, box);
      const choice = html("select", { "aria-label": side ? "The other stage" : "Stage" }, top);
      if (side) html("option", { value: -1 }, choice, "— nothing beside it");
      stages.forEach((stage, at) => {
        const chapter = stage.chapter ? `  (chapter ${stage.chapter})` : "";
        html("option", { value: at }, choice, stage.name + chapter);
      });
      choice.value = view.shown[side];
      choice.onchange = () => {
        const at = +choice.value;
        if (at < 0) view.shown = [view.shown[0]];
        else view.shown[side] = at;
        restart();
        document.querySelectorAll(".top select")[Math.min(side, view.shown.length - 1)].focus();
      };
      this.now = html("div", { class: "now" }, top);
      this.tally = html("div", { class: "tally" }, top);
      if (view.shown.length === 1 && stages.length > 1) {
        const more = html("button", { type: "button" }, top, "+ a stage beside it");
        more.onclick = () => {
          const other = ["async-await", "epoll"].map(find).concat(stages.map((_, at) => at));
          view.shown.push(other.find((at) => at >= 0 && at !== view.shown[0]));
          restart();
        };
      }
    }

    // The name of a lane, a mark and the state in words.
    label(y, name, hint) {
      const row = svg("g", { class: "row" }, this.labels);
      const hit = svg(
        "rect",
        { class: "hit", x: 0, y: y - this.row / 2, width: view.width, height: this.row },
        row,
      );
      // What tells paths apart is at their end.
      const cut = name.length > 10 ? `…${name.slice(-9)}` : name;
      const text = svg("text", { x: 10, y: y + 5, class: "label" }, row, cut);
      if (hint) svg("title", {}, text, hint);
      const at = view.width > 1500 ? 116 : 96;
      const mark = svg("text", { x: at, y: y + 5, class: "glyph" }, row, "");
      const state = svg("text", { x: at + 14, y: y + 5, class: "state" }, row, "");
      if (isNarrow()) state.setAttribute("visibility", "hidden");
      return { row, hit, mark, state };
    }

    drawWorker(worker, y) {
      const block = { y: y - 9, height: 18 };
      let run = null; // steps of the same page that touch are one block
      const flush = () => {
        if (!run) return;
        span(svg("rect", { class: "run", ...block }, this.plot), run.from, run.to, 1.2);
        if (run.fetch >= 0) this.number(run, y);
        run = null;
      };
      for (const step of this.stage.byWorker[worker]) {
        const [from, to] = [step[FROM], end(step)];
        if (step[ASLEEP]) {
          flush();
          span(svg("line", { class: "bed", y1: y, y2: y }, this.plot), from, to, 1);
        } else if (step[WHAT] === KIND.starting) {
          flush();
          span(svg("rect", { class: "starting", y: y - 6, height: 12 }, this.plot), from, to);
        } else if (step[WHAT] === KIND.spun) {
          flush();
          span(svg("rect", { class: "run", ...block }, this.plot), from, to);
          span(svg("rect", { class: "hatched", ...block }, this.plot), from, to);
        } else if (run && run.fetch === step[FETCH] && from - run.to < 3) {
          run.to = to;
        } else {
          flush();
          run = { from, to, fetch: step[FETCH] };
        }
      }
      flush();
    }

    // For which page the thread works, inside of the block where it fits.
    number({ from, to, fetch }, y) {
      const text = svg(
        "text",
        { class: "in", y: y + 4 },
        this.plot,
        String(this.stage.fetches[fetch].number),
      );
      movers.push(() => {
        text.setAttribute("x", (X(from) + X(to)) / 2);
        text.setAttribute("visibility", X(to) - X(from) > 15 ? "visible" : "hidden");
      });
    }

    laneY(fetch) {
      return this.top + 4 + fetch * this.row + this.row / 2;
    }

    // Wake-ups: a stem from the worker to its pages that are woken.
    drawWakes() {
      for (const { t, worker, fetches } of this.stage.wakes) {
        const lane = this.workers.find((lane) => lane.worker === worker);
        if (!fetches.length || !lane) continue;
        const ys = fetches.map((fetch) => this.laneY(fetch));
        const stem = svg(
          "line",
          { class: "wakes", y1: lane.y + 9, y2: Math.max(...ys) },
          this.plot,
        );
        spot(stem, t, "x1");
        spot(stem, t, "x2");
        for (const y of ys) {
          const head = svg("path", { class: "wakehead" }, this.plot);
          movers.push(() => head.setAttribute("d", `M${X(t)} ${y - 3.5}l6 3.5l-6 3.5z`));
        }
      }
    }

    drawFetch(fetch) {
      const { stage } = this;
      const { path, by, number, error } = stage.fetches[fetch];
      const y = this.laneY(fetch);
      const row = this.label(y, path, by ? `${path} by ${by}` : path);
      row.hit.addEventListener("click", () => follow(view.follow === number ? 0 : number));
      row.lane = svg("g", { class: "row" }, this.plot);
      const height = Math.min(14, this.row - 4);
      const steps = stage.byFetch[fetch];
      for (const { from, to, state } of stage.lanes[fetch]) {
        if (state === "run" || state === "ready") {
          const tall = state === "run" ? height : height / 2;
          span(svg("rect", { class: state, y: y - tall / 2, height: tall }, row.lane), from, to, 1);
        } else {
          const cls = { asleep: "bed", vain: "waits vain", waits: "waits" }[state];
          span(svg("line", { class: cls, y1: y, y2: y }, row.lane), from, to);
        }
      }
      if (!steps.length) return row;
      // A worker of its own, which had to be started.
      const start = stage.hasLane(first(steps)[WORKER])
        ? undefined
        : stage.byWorker[first(steps)[WORKER]].find((step) => step[WHAT] === KIND.starting);
      if (start) {
        const box = svg(
          "rect",
          { class: "starting", y: y - height / 2 + 1, height: height - 2 },
          row.lane,
        );
        span(box, start[FROM], Math.min(end(start), first(steps)[FROM]));
      }
      const over = end(last(steps));
      if (error) spot(svg("text", { class: "failed", y: y + 5 }, row.lane, "✕"), over, "x", 4);
      else
        spot(
          svg("circle", { class: "got", cy: y, r: Math.min(4.5, this.row / 3) }, row.lane),
          over,
          "cx",
        );
      return row;
    }

    // -- The code, a line for each line, with who is where.

    addCode() {
      const box = html("div", { class: "code" }, $("codes"));
      const title = html("h3", {}, box);
      html("b", {}, title, this.stage.name);
      const files = this.stage.code.map((at) => DATA.code[at]);
      html("span", {}, title, files.map((file) => file.path).join(", "));
      this.lines = new Map();
      this.marked = [];
      const loops = files.filter((file) => this.stage.loopFiles.has(file.path));
      const fetches = files.filter((file) => !loops.includes(file));
      if (!files.length) html("p", { class: "note" }, box, "There is no code to show.");
      this.addPane(box, fetches, loops.length ? "" : "tall", "Code of a fetch");
      this.addPane(box, loops, fetches.length ? "loop" : "tall", "Code of the loop");
    }

    addPane(box, files, cls, name) {
      if (!files.length) return;
      const label = `${name}: ${this.stage.name}`;
      const pane = html(
        "div",
        { class: `src ${cls}`, tabindex: 0, role: "region", "aria-label": label },
        box,
      );
      for (const file of files) {
        if (files.length > 1 || cls === "loop") {
          html("div", { class: "ln head" }, pane, `// ${file.path.replace("crates/", "")}`);
        }
        file.parts.forEach((part, at) => {
          if (at) html("div", { class: "ln sep" }, pane);
          const depths = part.lines
            .filter((line) => line.trim())
            .map((line) => line.match(/^ */)[0].length);
          const indent = Math.min(...depths);
          part.lines.forEach((text, below) => {
            const line = html("div", { class: "ln" }, pane);
            const gutter = html("span", { class: "at" }, line);
            html("span", { class: "no" }, line, part.from + below);
            line.append(document.createTextNode(text.slice(indent) || " "));
            this.lines.set(`${file.path}:${part.from + below}`, { line, gutter, pane });
          });
        });
      }
    }

    // The pane of the loop begins at the line in which it sleeps.
    showLoop() {
      const sleep = this.stage.steps.find((step) => step[WHAT] === KIND.slept && step[PLACE] >= 0);
      const spotted = sleep && this.lines.get(this.stage.places[sleep[PLACE]]);
      if (spotted) center(spotted);
    }

    // -- The life of the followed page, or all that happens, as a list of sentences.

    addLife() {
      const box = html("div", { class: "code" }, $("codes"));
      this.lifeTitle = html("b", {}, html("h3", {}, box));
      this.lifeBox = html(
        "div",
        { class: "life", tabindex: 0, role: "region", "aria-label": "What happens" },
        box,
      );
      this.fillLife();
    }

    fillLife() {
      if (!this.lifeBox) return;
      const fetch = this.stage.fetchOf(view.follow);
      const whose =
        fetch < 0
          ? "What happens, event by event"
          : `The life of ${this.stage.fetches[fetch].path}`;
      this.lifeTitle.textContent = whose;
      this.lifeBox.replaceChildren();
      this.lifeAt = null;
      const all = visited(this.stage);
      const list = html("ol", {}, this.lifeBox);
      // A browser is slow with many thousand lines, and nobody reads them.
      const MOST = 2000;
      this.life = all.slice(0, MOST).map((step) => {
        const item = html("li", {}, list);
        html("time", {}, item, exact(step[FROM]));
        const words = html("span", {}, item, this.stage.say(step));
        // Without code, this is the only place where a place is seen.
        if (!this.stage.code.length && step[PLACE] >= 0)
          html("small", {}, item, this.stage.places[step[PLACE]]);
        item.onclick = () => {
          pause();
          go(step[FROM]);
        };
        return { t: step[FROM], item, step, words, open: false };
      });
      if (all.length > MOST)
        html("p", {}, this.lifeBox, `${count(all.length - MOST)} more events follow.`);
    }

    // -- One moment.

    show(x) {
      const { stage } = this;
      for (const end of ["x1", "x2"]) this.needle.setAttribute(end, x);
      this.future.setAttribute("x", x);
      this.future.setAttribute("width", Math.max(0, view.width - x));
      const over = view.t >= stage.end;
      const latest = stage.latest(view.t);
      const text = over ? `all done after ${about(stage.wall)}` : stage.say(latest, isOpen(latest));
      if (this.now.textContent !== text) this.now.textContent = text;
      this.showLanes();
      for (const lane of this.workers) this.showWorker(lane, over);
      this.showCode(over);
      if (this.life) this.showLife();
    }

    showLanes() {
      const tally = { none: 0, wait: 0, line: 0, hot: 0, over: 0, bad: 0 };
      this.rows.forEach((row, fetch) => {
        const [kind, words, mark] = this.stage.stateOf(fetch, view.t);
        tally[kind in tally ? kind : "wait"]++;
        const followed = view.follow === this.stage.fetches[fetch].number ? " followed" : "";
        if (row.shown === kind + words + followed) return;
        row.shown = kind + words + followed;
        row.row.setAttribute("class", `row ${kind}${followed}`);
        row.lane.setAttribute("class", `row${followed}`);
        row.state.textContent = words;
        row.mark.textContent = mark;
      });
      const isFollowed = this.stage.fetchOf(view.follow) >= 0;
      for (const group of [this.labels, this.plot]) group.classList.toggle("others", isFollowed);
      const words = {
        none: "not begun",
        wait: "waiting",
        line: "in line",
        hot: "running",
        over: "done",
        bad: "failed",
      };
      const parts = Object.keys(tally).filter((kind) => tally[kind]);
      this.tally.textContent = parts.map((kind) => `${tally[kind]} ${words[kind]}`).join(" · ");
    }

    showWorker(lane, over) {
      const { stage } = this;
      const step = stage.latestOf(lane.worker, view.t);
      const [cls, words, mark] = (() => {
        if (over) return ["", "done", ""];
        if (!step) return ["", "begins", ""];
        if (stage.hasEnded(lane.worker, view.t)) return ["", stage.whole ? "done" : "left out", ""];
        if (step[ASLEEP]) {
          const call = CALLS[DATA.kinds[step[WHAT]]] || stage.call;
          const where = call ? `asleep in ${call}` : "asleep";
          // The names of some calls are longer than the room beside the lane.
          return ["", where.length > 20 ? short(`in ${call}`, 19) : where, "z"];
        }
        if (step[WHAT] === KIND.starting) return ["", "is being started", ""];
        if (step[WHAT] === KIND.spun) return ["hot", "asks in vain", "▒"];
        if (step[WHAT] === KIND.others) return ["hot", "runs other pages", "█"];
        return [
          "hot",
          step[FETCH] >= 0 ? `runs ${short(stage.fetches[step[FETCH]].path, 10)}` : "runs the loop",
          "█",
        ];
      })();
      lane.row.setAttribute("class", `row ${cls}`);
      lane.state.textContent = words;
      lane.mark.textContent = mark;
    }

    // Chips in the margin for everybody who is at a line; the line that runs is marked.
    showCode(over) {
      for (const { line, gutter } of this.marked) {
        line.classList.remove("now", "range");
        gutter.replaceChildren();
      }
      this.marked = [];
      if (over) return;
      const { places, running } = this.whoIsWhere();
      for (const [place, chips] of places) {
        const spotted = this.lines.get(place);
        if (!spotted) continue;
        for (const kind of ["hot", "line", "wait"]) {
          if (chips[kind].length)
            html("span", { class: `chip ${kind}` }, spotted.gutter, ranges(chips[kind]));
        }
        this.marked.push(spotted);
      }
      this.keepInView(places);
      if (running) this.markRunning(running);
    }

    whoIsWhere() {
      const { stage } = this;
      const places = new Map();
      let running = null;
      let sleeper = null;
      stage.fetches.forEach(({ number }, fetch) => {
        const [kind] = stage.stateOf(fetch, view.t);
        if (kind === "none" || kind === "over" || kind === "bad") return;
        const steps = stage.byFetch[fetch];
        const step = steps[lastAt(steps, view.t, (step) => step[FROM])];
        if (step[PLACE] < 0) return;
        const place = stage.places[step[PLACE]];
        if (!places.has(place)) places.set(place, { hot: [], line: [], wait: [] });
        places.get(place)[kind === "hot" || kind === "line" ? kind : "wait"].push(number);
        if (kind === "hot" || kind === "vain") running = running || [step, steps];
        if (kind === "sleeper") sleeper = sleeper || [step, steps];
        if (view.follow === number) running = [step, steps];
      });
      // What a loop does; of several, one that is awake. A followed page has the loop of its own.
      const followed = stage.fetchOf(view.follow);
      const own = followed >= 0 && stage.byFetch[followed].length
        ? first(stage.byFetch[followed])[WORKER]
        : -1;
      let loop = null;
      for (const { worker } of this.workers) {
        const step = stage.latestOf(worker, view.t);
        if (!step || step[PLACE] < 0 || stage.hasEnded(worker, view.t)) continue;
        if (followed >= 0 && (worker !== own || step[FETCH] >= 0)) continue;
        if (!loop || (loop[ASLEEP] && !step[ASLEEP])) loop = step;
      }
      if (loop) running = [loop, loop[FETCH] >= 0 ? stage.byFetch[loop[FETCH]] : []];
      return { places, running: running || sleeper };
    }

    // The lines with somebody on them are shown together where they fit; else the fullest of them.
    keepInView(places) {
      const there = [...places].filter(([place]) => this.lines.has(place));
      if (!there.length) return;
      const { pane } = this.lines.get(there[0][0]);
      const inPane = there
        .map(([place]) => this.lines.get(place))
        .filter((spotted) => spotted.pane === pane);
      const ys = inPane.map((spotted) => spotted.line.offsetTop);
      const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
      if (bottom - top < pane.clientHeight - 44) {
        const isSeen =
          top >= pane.scrollTop + 4 && bottom <= pane.scrollTop + pane.clientHeight - 40;
        if (!isSeen) pane.scrollTop = (top + bottom) / 2 - pane.clientHeight / 2 + 10;
      } else {
        const weight = ([, { hot, line, wait }]) => hot.length * 100 + line.length + wait.length;
        reveal(this.lines.get(there.sort((a, b) => weight(b) - weight(a))[0][0]));
      }
    }

    markRunning([step, steps]) {
      const { stage } = this;
      const spotted = this.lines.get(stage.places[step[PLACE]]);
      if (!spotted) return;
      spotted.line.classList.add("now");
      this.marked.push(spotted);
      // A call that sleeps is somewhere between its line and the next one noted.
      const next = steps[steps.indexOf(step) + 1];
      const calls = [KIND.receive, KIND.resumed, KIND.connect].includes(step[WHAT]);
      if (next && calls && !isGuessing() && next[PLACE] >= 0 && stage.file(next) === stage.file(step)) {
        const [from, to] = [stage.line(step), stage.line(next)];
        for (let number = from + 1; number < to && to - from < 8; number++) {
          const more = this.lines.get(`${stage.file(step)}:${number}`);
          if (!more) continue;
          more.line.classList.add("range");
          this.marked.push(more);
        }
      }
      reveal(spotted);
    }

    showLife() {
      const at = lastAt(this.life, view.t, (entry) => entry.t);
      // Of several workers, older steps than the latest may be open, too.
      for (const entry of this.life) {
        const open = entry.t <= view.t && isOpen(entry.step);
        if (entry.open === open) continue;
        entry.open = open;
        entry.words.textContent = this.stage.say(entry.step, open);
      }
      if (this.lifeAt === at) return;
      this.lifeAt = at;
      this.life.forEach(({ item }, number) => {
        item.className = number <= at ? "past" : "";
        if (number === at) item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
      });
      if (at < 0) return;
      this.lifeBox.scrollTop = this.life[at].item.offsetTop - this.lifeBox.clientHeight / 2;
    }
  }

  const isGuessing = () => $("player").classList.contains("guess");

  // Whoever guesses does not know yet how this step ends.
  const isOpen = (step) => Boolean(step) && isGuessing() && view.t < end(step);

  // Two stages and their code should fit a projector.
  function rowHeight(pages) {
    if (pages > 12) return view.width > 1500 ? 17 : 13;
    if (view.shown.length === 1) return 24;
    if (view.width > 1500) return 20;
    return innerHeight < 850 ? 13 : 15;
  }

  function center({ pane, line }) {
    pane.scrollTop = Math.max(0, line.offsetTop - pane.clientHeight / 2);
  }

  function reveal(spotted) {
    const { pane, line } = spotted;
    const y = line.offsetTop;
    if (y < pane.scrollTop + 4 || y > pane.scrollTop + pane.clientHeight - 30) center(spotted);
  }

  // The steps that the arrows visit: all, or those of the followed page and what woke it.
  function visited(stage) {
    const fetch = stage.fetchOf(view.follow);
    if (!view.follow) return stage.steps;
    if (fetch < 0) return [];
    const isWoken = (step) => stage.wakeOf.get(step)?.fetches.includes(fetch);
    return stage.steps.filter((step) => step[FETCH] === fetch || isWoken(step));
  }

  function show(quiet) {
    const x = X(view.t) - view.scroll;
    $("clock").textContent = exact(Math.round(view.t));
    const onTrue = view.gutter + (view.t / axis.end) * axis.width;
    view.dot.setAttribute("cx", onTrue);
    for (const { label, to } of view.lengths)
      label.setAttribute("visibility", isGuessing() && to > view.t ? "hidden" : "visible");
    const edge = `M${onTrue} 0V22C${onTrue} 44 ${x} 36 ${x} 62V92`;
    view.hidden.setAttribute("d", `${edge}H${view.width}V0Z`);
    $("needle").style.left = `${(x / view.width) * 100}%`;
    $("needle").style.top = "55px";
    for (const panel of panels) panel.show(x);
    const said = panels.map((panel) => `${panel.stage.name}: ${panel.now.textContent}`);
    const told = `${exact(Math.round(view.t))}. ${said.join(". ")}`;
    const needle = $("needle");
    needle.setAttribute("aria-valuemax", axis.times.length - 1);
    needle.setAttribute("aria-valuenow", Math.max(0, lastAt(axis.times, view.t)));
    needle.setAttribute("aria-valuetext", told);
    if (!quiet && !view.playing) $("said").textContent = told;
  }

  // ---- Moving.

  function go(t, quiet) {
    view.t = Math.min(axis.end, Math.max(0, t));
    const x = X(view.t);
    const [left, right] = [view.scroll + view.gutter, view.scroll + view.width - RIGHT];
    if (view.zoom > 1 && (x < left + 60 || x > right - 120)) {
      scrollTo(x - axis.width * 0.35);
      layout();
    }
    show(quiet);
    if (!view.playing) rememberMoment();
  }

  function scrollTo(x) {
    view.scroll = Math.max(0, Math.min(axis.width * (view.zoom - 1), x - view.gutter));
  }

  function step(by) {
    pause();
    const set = new Set(view.shown.flatMap((at) => visited(stages[at]).map((step) => step[FROM])));
    const times = [...set].sort((a, b) => a - b);
    const at = lastAt(times, view.t + (by > 0 ? 0.01 : -0.01));
    if (by > 0) go(at + 1 < times.length ? times[at + 1] : axis.end);
    else go(at < 0 ? 0 : times[at]);
  }

  // Over a sleep, to where something happens again.
  function leap(by) {
    pause();
    const starts = axis.bursts.map(first);
    const at = lastAt(starts, view.t + (by > 0 ? 0 : -0.01));
    if (by > 0) go(at + 1 < starts.length ? starts[at + 1] : axis.end);
    else go(at < 0 ? 0 : starts[at]);
  }

  function follow(number) {
    view.follow = number;
    $("follow").value = number;
    for (const panel of panels) panel.fillLife();
    show();
    rememberMoment();
  }

  // The next page of the first stage, or the page before; after the last one, none.
  function followNext(by) {
    const numbers = [0, ...stages[view.shown[0]].fetches.map((fetch) => fetch.number)];
    const at = numbers.indexOf(view.follow) + by;
    follow(numbers[(at + numbers.length) % numbers.length]);
  }

  function pause() {
    if (!view.playing) return;
    view.playing = false;
    $("play").textContent = "Play";
    $("play").setAttribute("aria-label", "Play (Space)");
    $("slow").textContent = "";
    rememberMoment();
  }

  function play() {
    if (view.playing) return pause();
    if (view.t >= axis.end) go(0, true);
    view.playing = true;
    $("play").textContent = "Pause";
    $("play").setAttribute("aria-label", "Pause (Space)");
    let before = null;
    const frame = (now) => {
      if (!view.playing) return;
      const passed = before === null ? 0 : Math.min(0.1, (now - before) / 1000);
      before = now;
      const t = view.t;
      if (view.stretch > 0.5) {
        const share = (passed * view.speed * EVENTS_A_SECOND) / axis.times.length;
        view.t = unstretched(Math.min(1, stretched(t) + share));
      } else {
        view.t = t + passed * SECOND * view.speed;
      }
      if (passed) $("slow").textContent = pace((view.t - t) / SECOND / passed);
      go(view.t, true);
      if (view.t >= axis.end) return pause();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  function pace(rate) {
    if (rate <= 0) return "";
    if (rate > 0.9) return rate < 1.1 ? "as fast as it was" : `${rate.toFixed(1)} times as fast`;
    return `1 s here is ${about(Math.max(1, rate * SECOND))}: ${count(Math.round(1 / rate))} times slower`;
  }

  function toggleAxis() {
    const from = view.stretch;
    const to = from > 0.5 ? 0 : 1;
    $("axis").setAttribute("aria-pressed", String(!to));
    const set = (stretch) => {
      view.stretch = stretch;
      nameAxis();
      layout();
      show(true);
    };
    if (calm.matches) return set(to);
    const start = performance.now();
    const frame = (now) => {
      const share = Math.min(1, (now - start) / 700);
      set(from + (to - from) * share * share * (3 - 2 * share));
      if (share < 1) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  function guess() {
    $("guess").setAttribute("aria-pressed", String($("player").classList.toggle("guess")));
    show();
  }

  function zoom(by) {
    view.zoom = by ? Math.min(64, Math.max(1, view.zoom * by)) : 1;
    scrollTo(X(view.t) - axis.width * 0.4);
    layout();
    show(true);
  }

  function changeSpeed(by) {
    const at = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(view.speed) + by));
    view.speed = SPEEDS[at];
    $("speed").value = view.speed;
  }

  function drag(event) {
    pause();
    const box = $("time").getBoundingClientRect();
    const move = (event) => go(timeAt(((event.clientX - box.left) * view.width) / box.width));
    move(event);
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = move;
    target.onpointerup = target.onpointercancel = () => {
      target.onpointermove = null;
    };
  }

  // Other stages are in view.
  function restart() {
    pause();
    view.zoom = 1;
    view.scroll = 0;
    view.follow = 0;
    const t = view.t;
    fillFollow();
    build();
    openCrowded();
    go(Math.min(t, axis.end), true);
  }

  function fillFollow() {
    const select = $("follow");
    select.replaceChildren();
    html("option", { value: 0 }, select, "none");
    for (const { number, path } of stages[view.shown[0]].fetches) {
      html("option", { value: number }, select, short(path, 30));
    }
    select.value = view.follow;
  }

  function openCrowded() {
    const isCrowded = axis.cuts.length > CROWDED;
    if (!isCrowded || view.stretch === 0) return;
    view.stretch = 0;
    $("axis").setAttribute("aria-pressed", "true");
    nameAxis();
    layout();
  }

  // ---- A moment in the address: #replay=epoll,async-await@450.3ms&follow=4

  let remembering;
  function rememberMoment() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const names = view.shown.map((at) => encodeURIComponent(stages[at].name)).join(",");
      const followed = view.follow ? `&follow=${view.follow}` : "";
      try {
        history.replaceState(null, "", `#replay=${names}@${(view.t / MS).toFixed(4)}ms${followed}`);
      } catch {
        // Some browsers refuse it for a file; then the address stays as it was.
      }
    }, 500);
  }

  function openMoment() {
    const wanted = location.hash.match(/^#replay=([^@&]+)(?:@([\d.]+)ms)?(?:&follow=(\d+))?$/);
    if (!wanted) return false;
    let names;
    try {
      names = wanted[1].split(",").map(decodeURIComponent);
    } catch {
      return false;
    }
    const shown = names
      .map(find)
      .filter((at) => at >= 0)
      .slice(0, 2);
    if (!shown.length) return false;
    view.shown = shown;
    restart();
    if (wanted[3] && stages[shown[0]].fetchOf(+wanted[3]) >= 0) follow(+wanted[3]);
    go((+wanted[2] || 0) * MS, true);
    $("player").scrollIntoView({ behavior: "instant" });
    return true;
  }

  // ---- Hands.

  const FRACTIONS = { 0.125: "⅛", 0.25: "¼", 0.5: "½" };
  for (const speed of SPEEDS)
    html("option", { value: speed }, $("speed"), `${FRACTIONS[speed] || speed} ×`);
  $("speed").value = 1;
  $("speed").onchange = () => {
    view.speed = +$("speed").value;
  };
  $("follow").onchange = () => follow(+$("follow").value);
  $("play").onclick = play;
  $("prev").onclick = () => step(-1);
  $("next").onclick = () => step(1);
  const toBegin = () => {
    pause();
    go(0);
  };
  const toEnd = () => {
    pause();
    go(axis.end);
  };
  $("first").onclick = toBegin;
  $("last").onclick = toEnd;
  $("axis").onclick = toggleAxis;
  $("guess").onclick = guess;
  $("in").onclick = () => zoom(2);
  $("out").onclick = () => zoom(0.5);
  $("keys").onclick = () => {
    $("help").hidden = !$("help").hidden;
    $("keys").setAttribute("aria-expanded", String(!$("help").hidden));
  };
  for (const id of ["time", "needle"]) $(id).addEventListener("pointerdown", drag);
  for (const link of document.querySelectorAll("a[data-stage]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const at = +link.dataset.stage;
      // One name opens two stages: this one, beside the one that was opened last.
      const before = last(view.shown);
      view.shown = at === before ? [at] : [before, at];
      restart();
      $("player").scrollIntoView({ behavior: calm.matches ? "instant" : "smooth" });
      $("needle").focus({ preventScroll: true });
    });
  }

  const KEYS = {
    ArrowRight: (event) => (event.shiftKey ? leap(1) : step(1)),
    ArrowLeft: (event) => (event.shiftKey ? leap(-1) : step(-1)),
    ArrowDown: () => followNext(1),
    ArrowUp: () => followNext(-1),
    Home: toBegin,
    End: toEnd,
    Escape: () => follow(0),
    h: guess,
    t: toggleAxis,
    "+": () => zoom(2),
    "=": () => zoom(2),
    "-": () => zoom(0.5),
    0: () => zoom(0),
    ",": () => changeSpeed(-1),
    ".": () => changeSpeed(1),
    " ": play,
  };
  addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(SELECT|INPUT|TEXTAREA)$/.test(target.tagName)) return;
    if (!$("replay").contains(target) && target !== document.body) return;
    if (key === " " && /^(BUTTON|SUMMARY|A)$/.test(target.tagName)) return;
    // Elsewhere the page scrolls, and in a pane the pane.
    const isVertical = key === "ArrowDown" || key === "ArrowUp";
    if (isVertical && (target === document.body || target.matches(".src, .life"))) return;
    const act = KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  function themes() {
    const root = document.documentElement;
    const isDark = () =>
      root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
    const button = $("theme");
    const name = () => {
      button.textContent = isDark() ? "Light" : "Dark";
    };
    button.hidden = false;
    name();
    button.onclick = () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      name();
    };
  }

  let resizing;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      build();
      go(view.t, true);
    }, 150);
  });
  addEventListener("hashchange", openMoment);

  themes();
  $("noscript").remove();
  $("player").hidden = false;
  fillFollow();
  build();
  openCrowded();
  openMoment();

  // For tests in a browser.
  window.replay = { view, stages, go, X, end, DATA };
})();
