"use strict";
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const K = Object.fromEntries(D.kinds.map((kind, i) => [kind, i]));
  const $ = (id) => document.getElementById(id);
  const NS = "http://www.w3.org/2000/svg";
  const svg = (name, attributes, parent, text) => {
    const node = document.createElementNS(NS, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const html = (name, attributes, parent, text) => {
    const node = document.createElement(name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // Times are tenths of a microsecond. The last index in `list` whose value is no later than `t`.
  const at = (list, t, of = (x) => x) => {
    let low = 0,
      high = list.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (of(list[mid]) <= t) low = mid + 1;
      else high = mid;
    }
    return low - 1;
  };
  const words = (t) =>
    t < 10000
      ? `${(t / 10).toFixed(t < 100 ? 1 : 0)} µs`
      : t < 1e8
        ? `${(t / 1e4).toFixed(3)} ms`
        : `${(t / 1e7).toFixed(6)} s`;
  const about = (t) =>
    t < 10000
      ? `${Math.round(t / 10)} µs`
      : t < 1e5
        ? `${(t / 1e4).toFixed(1)} ms`
        : t < 1e7
          ? `${Math.round(t / 1e4)} ms`
          : `${(t / 1e7).toFixed(2)} s`;
  const numbers = (list) => {
    // 1, 2, 3, 5: "1–3, 5"
    const out = [];
    let from = null,
      to = null;
    for (const n of [...list].sort((a, b) => a - b).concat(Infinity)) {
      if (to !== null && n === to + 1) {
        to = n;
        continue;
      }
      if (from !== null)
        out.push(to > from + 1 ? `${from}–${to}` : to > from ? `${from}, ${to}` : `${from}`);
      from = to = n;
    }
    return out.join(", ");
  };

  // ---- What the steps say, worked out once for each stage.
  class Stage {
    constructor(raw) {
      Object.assign(this, raw);
      this.one = this.workers.length === 1;
      this.counted = this.steps.some((step) => step[3] === K.wake && step[6] > 0);
      this.number = (f) => this.shown[f] + 1;
      this.byWorker = this.workers.map(() => []);
      this.byFetch = this.fetches.map(() => []);
      this.batches = []; // [woken at, fetches that then ran]
      let batch = null;
      const spins = this.steps.some((step) => step[3] === K.spin && step[6] > 10);
      for (const step of this.steps) {
        const [t, , worker, kind, fetch] = step;
        this.byWorker[worker].push(step);
        if (fetch >= 0) this.byFetch[fetch].push(step);
        if (kind === K.wake) {
          batch = [t, []];
          this.batches.push(batch);
        } else if (kind === K.sleep) batch = null;
        else if (batch && fetch >= 0 && kind !== K.begun && !batch[1].includes(fetch))
          batch[1].push(fetch);
      }
      // For each fetch: from when to when it was in which state.
      this.lanes = this.byFetch.map((steps, fetch) => {
        const lane = [];
        steps.forEach((step, i) => {
          const end = step[0] + step[1],
            next = steps[i + 1];
          const spin = step[3] === K.spin;
          lane.push([step[0], end, step[7] ? "asleep" : spin ? "spin" : "run"]);
          if (next && next[0] > end) {
            const woken =
              this.one &&
              this.batches.find(([t, who]) => t > end && t <= next[0] && who.includes(fetch));
            lane.push([end, woken ? woken[0] : next[0], spins ? "spin" : "wait"]);
            if (woken && next[0] > woken[0]) lane.push([woken[0], next[0], "line"]);
          }
        });
        return lane;
      });
      this.times = [...new Set(this.steps.map((step) => step[0]))].sort((a, b) => a - b);
      const loops = new Set(
        this.steps
          .filter((step) => (step[3] === K.sleep || step[3] === K.wake) && step[5] >= 0)
          .map((step) => this.places[step[5]].replace(/:\d+$/, "")),
      );
      this.loopFiles = loops;
    }
    name_(fetch) {
      return this.fetches[fetch][0];
    }
    stateOf(fetch, t) {
      const f = this.fetches[fetch],
        steps = this.byFetch[fetch],
        lane = this.lanes[fetch];
      if (!steps.length || t < steps[0][0]) return ["none", "not begun", " "];
      const last = steps[steps.length - 1];
      if (t >= last[0] + last[1] && (last[3] === K.done || last[3] === K.failed))
        return f[8]
          ? ["bad", `✕ ${f[8].split(":")[0]}`, "✕"]
          : ["over", `done, ${(f[6] / 1e4).toFixed(f[6] < 1e7 ? 2 : 1)} ms`, "●"];
      const segment = lane[at(lane, t, (s) => s[0])];
      const step = steps[at(steps, t, (s) => s[0])];
      switch (segment[2]) {
        case "run":
          return [
            "hot",
            {
              [K.begun]: "starts to connect",
              [K.connect]: "connects",
              [K.connected]: "is connected",
              [K.send]: "sends",
              [K.sent]: "has sent",
              [K.park]: "asks to be told",
              [K.recv]: "receives",
              [K.got]: "reads its page",
              [K.done]: "is done",
              [K.failed]: "fails",
            }[step[3]] || "runs",
            "█",
          ];
        case "line":
          return ["line", "ready, in line", "▯"];
        case "asleep":
          return [
            "sleeper",
            `asleep in ${step[3] === K.connect ? "connect" : step[3] === K.send ? "send" : "recv"}`,
            "z",
          ];
        case "spin":
          return ["vain", "asked in vain", "▒"];
        default:
          return ["waits", "waits for bytes", "─"];
      }
    }
    stepAt(worker, t) {
      const list = this.byWorker[worker];
      const i = at(list, t, (s) => s[0]);
      return i < 0 ? null : list[i];
    }
    latest(t) {
      const i = at(this.steps, t, (s) => s[0]);
      return i < 0 ? null : this.steps[i];
    }
    say(step) {
      if (!step) return "";
      const [, length, worker, kind, fetch, , n, asleep] = step;
      const who = fetch >= 0 ? this.name_(fetch) : this.one ? "the thread" : this.workers[worker];
      const by = !this.one && fetch >= 0 ? ` (${this.workers[worker]})` : "";
      switch (kind) {
        case K.begun:
          return `${who}${by} begins: a socket, and the start of a connection`;
        case K.connect:
          return `${who}${by} calls connect${asleep ? ", and sleeps until the connection is there" : ""}`;
        case K.connected:
          return `${who}${by} is connected`;
        case K.send:
          return `${who}${by} sends its request`;
        case K.sent:
          return `${who}${by} has sent ${n} bytes`;
        case K.park:
          return `${who} asks to be told when bytes are there, and keeps its place`;
        case K.recv:
          return asleep
            ? `${who}${by} calls recv, and sleeps ${about(length)}`
            : `${who}${by} receives`;
        case K.got:
          return `${who}${by} has ${n.toLocaleString("en")} bytes`;
        case K.done:
          return `${who}${by} is done`;
        case K.failed:
          return `${who}${by} has failed: ${this.fetches[fetch][8]}`;
        case K.sleep:
          return length > 3000
            ? `nothing to do: the thread sleeps in ${this.call}, ${about(length)}`
            : `the thread asks ${this.call} who is ready`;
        case K.wake: {
          const batch = this.batches.find((b) => b[0] === step[0]);
          if (!batch || !batch[1].length)
            return n ? `${this.call} says: ${n} ready` : "the thread is awake";
          const list = batch[1].map((f) => this.name_(f));
          if (!n && this.counted)
            return `the deadline of ${list.join(", ")} has passed, and ends the sleep`;
          return `${this.call} wakes the thread: ${list.length > 3 ? `${list.length} are ready, ${list[0]} first` : list.join(", ") + (list.length > 1 ? " are ready" : " is ready")}`;
        }
        case K.others:
          return "other pages, which are not shown here";
        case K.spin:
          return `asks again and again: ${n.toLocaleString("en")} times for nothing`;
        case K.starting:
          return `${this.workers[worker]} is being started, ${about(length)}`;
      }
      return "";
    }
  }
  const stages = D.stages.map((raw) => new Stage(raw));
  const find = (name) =>
    Math.max(
      0,
      stages.findIndex((stage) => stage.name === name),
    );

  // ---- The state of the replay.
  const S = {
    shown: [find("blocking"), find("epoll")],
    t: 0,
    playing: false,
    speed: 1,
    elastic: 1,
    zoom: 1,
    scroll: 0,
    follow: -1,
    W: 1000,
    G: 230,
  };
  if (!stages.some((s) => s.name === "blocking")) S.shown = [find("thread-pool"), find("epoll")];
  const SPEEDS = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16];
  const LONG = 10000; // from a millisecond on, a time without events is drawn as a cut
  const CROWDED = 40; // cuts: of so many, stretched time shows nothing any more until it is wide
  let map,
    panels = [];

  // ---- Stretched time: each time between two events gets a width by its logarithm; the long ones get the same.
  function measure() {
    const set = new Set([0]);
    let end = 0;
    for (const i of S.shown) {
      for (const t of stages[i].times) set.add(t);
      end = Math.max(end, stages[i].wall * 10);
      for (const s of stages[i].steps)
        if (s[3] === K.spin || s[3] === K.done) {
          set.add(s[0] + s[1]);
          end = Math.max(end, s[0] + s[1]);
        }
    }
    set.add(end);
    const times = [...set].sort((a, b) => a - b);
    const width = S.W - S.G - 18;
    const gaps = times.slice(1).map((t, i) => t - times[i]);
    const long = gaps.filter((g) => g >= LONG).length;
    const cut = long ? Math.max(18, Math.min(120, (0.36 * width) / long)) : 0;
    const raw = gaps.map((g) => (g >= LONG ? 0 : 2.2 + 8 * Math.log10(1 + g / 5)));
    const sum = raw.reduce((a, b) => a + b, 0) || 1;
    const scale = Math.max(0.2 * width, width - cut * long) / sum;
    const u = [0];
    gaps.forEach((g, i) => u.push(u[i] + (g >= LONG ? cut : raw[i] * scale)));
    const total = u[u.length - 1];
    map = { times, end, u: u.map((x) => x / total), width, cuts: [], bursts: [] };
    let from = 0;
    gaps.forEach((g, i) => {
      if (g >= LONG) {
        if (i > from || from === 0) map.bursts.push([times[from], times[i]]);
        map.cuts.push([times[i], times[i + 1]]);
        from = i + 1;
      }
    });
    if (from < times.length - 1) map.bursts.push([times[from], times[times.length - 1]]);
  }
  const stretched = (t) => {
    const i = Math.min(map.times.length - 2, Math.max(0, at(map.times, t)));
    const a = map.times[i],
      b = map.times[i + 1];
    return map.u[i] + (map.u[i + 1] - map.u[i]) * (b > a ? (t - a) / (b - a) : 0);
  };
  const unstretched = (u) => {
    const i = Math.min(map.u.length - 2, Math.max(0, at(map.u, u)));
    const a = map.u[i],
      b = map.u[i + 1];
    return map.times[i] + (map.times[i + 1] - map.times[i]) * (b > a ? (u - a) / (b - a) : 0);
  };
  const place = (t) => {
    t = Math.min(map.end, Math.max(0, t));
    return ((1 - S.elastic) * t) / map.end + S.elastic * stretched(t);
  };
  const X = (t) => S.G + place(t) * map.width * S.zoom;
  const when = (x) => {
    const u = Math.min(1, Math.max(0, (x + S.scroll - S.G) / (map.width * S.zoom)));
    return S.elastic > 0.5 ? unstretched(u) : u * map.end;
  };

  // ---- Drawing. Marks are made once for each pair of stages; `layout` only moves them.
  const movers = [];
  const span = (node, t0, t1, least = 0) => {
    movers.push(() => {
      const a = X(t0),
        b = Math.max(a + least, X(t1));
      if (node.tagName === "rect") {
        node.setAttribute("x", a);
        node.setAttribute("width", Math.max(0, b - a));
      } else {
        node.setAttribute("x1", a);
        node.setAttribute("x2", b);
      }
    });
    return node;
  };
  const spot = (node, t, attribute = "x", shift = 0) => {
    movers.push(() => node.setAttribute(attribute, X(t) + shift));
    return node;
  };

  function build() {
    movers.length = 0;
    S.W = $("player").clientWidth || 1200;
    S.G = S.W > 1500 ? 300 : 250;
    measure();
    drawTime();
    $("panels").replaceChildren();
    $("codes").replaceChildren();
    panels = S.shown.map((index, side) => panel(stages[index], side));
    $("codes").className = S.shown.length === 1 ? "one" : "";
    S.shown.forEach((index, side) => code(stages[index], panels[side]));
    if (S.shown.length === 1) life(stages[S.shown[0]], panels[0]);
    // The code takes what is left of the window under the pictures.
    const free = Math.max(230, innerHeight - ($("codes").offsetTop - $("player").offsetTop) - 52);
    $("codes").style.setProperty("--code", `${free}px`);
    for (const { bed } of panels)
      if (bed) bed.src.scrollTop = bed.line.offsetTop - bed.src.clientHeight / 2;
    layout();
    show(true);
  }

  function defs(root) {
    const d = svg("defs", {}, root);
    const id = "clip" + Math.random().toString(36).slice(2, 8);
    const clip = svg("clipPath", { id }, d);
    root.clipRect = svg("rect", { x: S.G - 14, y: 0, width: S.W - S.G + 14, height: 2000 }, clip);
    return id;
  }

  function drawTime() {
    const root = $("time");
    root.replaceChildren();
    const height = 92;
    root.setAttribute("height", height);
    root.setAttribute("viewBox", `0 0 ${S.W} ${height}`);
    const clip = defs(root);
    svg("text", { x: 4, y: 20, class: "side" }, root, "true time");
    svg("text", { x: 4, y: 84, class: "side" }, root, "stretched where something happens").id =
      "axisname";
    const T = (t) => S.G + (t / map.end) * map.width;
    svg("line", { class: "truebar", x1: S.G, x2: S.G + map.width, y1: 16, y2: 16 }, root);
    const unit =
      [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7].find(
        (unit) => map.end / unit <= 8,
      ) || 1e8;
    for (let t = 0; t <= map.end; t += unit) {
      svg("line", { class: "tick", x1: T(t), x2: T(t), y1: 12, y2: 20 }, root);
      svg(
        "text",
        { x: T(t), y: 10, class: t ? "" : "side" },
        root,
        t ? (map.end >= 1e7 ? `${t / 1e7} s` : `${t / 1e4} ms`) : "0",
      );
    }
    const g = svg("g", { "clip-path": `url(#${clip})` }, root);
    const moving = svg("g", { class: "moving" }, g);
    for (const [a, b] of map.bursts) {
      const lens = svg("path", { class: "lens" }, moving);
      movers.push(() =>
        lens.setAttribute(
          "d",
          `M${T(a) - 1 + S.scroll} 22L${T(b) + 1 + S.scroll} 22C${T(b) + 1 + S.scroll} 44 ${X(b)} 36 ${X(b)} 62L${X(a)} 62C${X(a)} 36 ${T(a) - 1 + S.scroll} 44 ${T(a) - 1 + S.scroll} 22Z`,
        ),
      );
      svg(
        "rect",
        { class: "burst", x: T(a) - 1, width: Math.max(2.5, T(b) - T(a) + 2), y: 10, height: 12 },
        root,
      );
    }
    S.ticks = svg("g", {}, moving);
    S.dot = svg("circle", { r: 5, cy: 16, fill: "currentColor" }, root);
    movers.push(ticks);
  }

  function ticks() {
    S.ticks.replaceChildren();
    let last = -100;
    const put = (t, text, strong) => {
      const x = X(t),
        half = text.length * 3.6 + 4;
      if (x - half < last) return false;
      svg("line", { class: "tick", x1: x, x2: x, y1: 62, y2: 70 }, S.ticks);
      svg("text", { x, y: 84, class: strong ? "strong" : "" }, S.ticks, text);
      last = x + half;
      return true;
    };
    if (S.elastic < 0.5) {
      const unit =
        [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7].find(
          (unit) => map.end / unit <= 10 * S.zoom,
        ) || 1e8;
      for (let t = 0; t <= map.end; t += unit) put(t, t ? about(t) : "0", true);
      return;
    }
    for (const [a, b] of map.bursts) {
      const x0 = X(a),
        x1 = X(b);
      last = Math.max(last, x0 - 40);
      const text = about(a);
      svg("line", { class: "tick", x1: x0, x2: x0, y1: 60, y2: 72 }, S.ticks);
      const anchored = svg("text", { x: x0, y: 84, class: "strong side" }, S.ticks, text);
      if (x0 < last - 36 || x1 - x0 < text.length * 7) anchored.remove();
      else last = x0 + text.length * 7.6 + 8;
      for (const base of [100, 1000])
        for (const k of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
          const t = a + k * base * (base === 100 ? 1 : 1);
          if (t < b && X(t) < x1 - 20) put(t, `+${(k * base) / 10} µs`, false);
        }
    }
    for (const [a, b] of map.cuts) {
      const x = (X(a) + X(b)) / 2,
        w = X(b) - X(a),
        text = about(b - a);
      if (w > text.length * 7.2) svg("text", { x, y: 58, class: "strong" }, S.ticks, text);
      else if (w > 30) svg("text", { x, y: 58 }, S.ticks, text.split(" ")[0]);
    }
  }

  function panel(stage, side) {
    const box = html(
      "section",
      { class: "panel", "aria-label": `Replay ${side + 1}` },
      $("panels"),
    );
    const top = html("div", { class: "top" }, box);
    const choice = html("select", { "aria-label": side ? "The other stage" : "Stage" }, top);
    if (side) html("option", { value: -1 }, choice, "— nothing beside it");
    stages.forEach((other, i) =>
      html(
        "option",
        { value: i },
        choice,
        other.name + (other.chapter ? `  (chapter ${other.chapter})` : ""),
      ),
    );
    choice.value = S.shown[side];
    choice.onchange = () => {
      const value = +choice.value;
      if (value < 0) S.shown = [S.shown[0]];
      else S.shown[side] = value;
      S.follow = -1;
      S.zoom = 1;
      S.scroll = 0;
      restart();
    };
    const now = html("div", { class: "now" }, top);
    const tally = html("div", { class: "tally" }, top);
    if (!side && S.shown.length === 1) {
      const more = html("button", { type: "button" }, top, "+ a stage beside it");
      more.onclick = () => {
        S.shown.push(S.shown[0] === find("async-await") ? find("epoll") : find("async-await"));
        restart();
      };
    }
    const n = stage.fetches.length;
    const rh = n > 12 ? 13 : S.shown.length > 1 ? (S.W > 1500 ? 20 : 15) : 24;
    const wh = stage.one ? rh + 14 : 0;
    const height = wh + n * rh + 10;
    const root = svg(
      "svg",
      {
        class: "lanes",
        height,
        viewBox: `0 0 ${S.W} ${height}`,
        role: "img",
        "aria-label": `${stage.name}: what each page and the thread do, over time`,
      },
      box,
    );
    const clip = defs(root);
    const d = root.querySelector("defs");
    const rows = [];
    const labels = svg("g", {}, root);
    const plotClip = svg("g", { "clip-path": `url(#${clip})` }, root);
    const plot = svg("g", { class: "moving" }, plotClip);
    const gaps = svg("g", {}, plot);
    for (const [a, b] of map.cuts) span(svg("rect", { class: "gap", y: 0, height }, gaps), a, b);
    movers.push(() => gaps.setAttribute("opacity", S.elastic.toFixed(2)));
    const small = false;
    // the worker
    if (stage.one) {
      const y = 6 + (wh - 12) / 2;
      const row = svg("g", { class: "row" }, labels);
      svg("text", { x: 10, y: y + 5, class: "label", "font-weight": 700 }, row, "1 thread");
      const glyph = svg("text", { x: 96, y: y + 5, class: "glyph" }, row, ""),
        state = svg("text", { x: 110, y: y + 5, class: "state" }, row, "");
      rows.worker = { row, glyph, state };
      let group = null;
      const flush = () => {
        if (!group) return;
        const [t0, t1, fetch] = group;
        span(svg("rect", { class: "run", y: y - 9, height: 18 }, plot), t0, t1, 1.2);
        if (fetch >= 0) {
          const text = svg("text", { class: "in", y: y + 4 }, plot, String(stage.number(fetch)));
          movers.push(() => {
            const a = X(t0),
              b = X(t1);
            text.setAttribute("x", (a + b) / 2);
            text.setAttribute("visibility", b - a > 15 ? "visible" : "hidden");
          });
        }
        group = null;
      };
      for (const step of stage.byWorker[0]) {
        const t0 = step[0],
          t1 = t0 + step[1];
        if (step[3] === K.sleep) {
          flush();
          span(svg("line", { class: "bed", y1: y, y2: y }, plot), t0, t1, 1);
        } else if (step[7]) {
          flush();
          span(svg("line", { class: "bed", y1: y, y2: y }, plot), t0, t1, 1);
        } else if (step[3] === K.spin) {
          flush();
          span(svg("rect", { class: "run", y: y - 9, height: 18 }, plot), t0, t1);
          span(svg("rect", { class: "vain", y: y - 9, height: 18 }, plot), t0, t1);
        } else if (group && group[2] === step[4] && step[0] - group[1] < 3) group[1] = t1;
        else {
          flush();
          group = [t0, t1, step[4]];
        }
      }
      flush();
    }
    // wake-ups: from the worker to whom they concern
    if (stage.one && !small)
      for (const [t, who] of stage.batches) {
        if (!who.length) continue;
        const ys = who.map((f) => wh + 4 + f * rh + rh / 2),
          bottom = Math.max(...ys);
        const stem = svg("line", { class: "wakes", y1: 6 + (wh - 12) / 2 + 9, y2: bottom }, plot);
        spot(stem, t, "x1");
        spot(stem, t, "x2");
        for (const y of ys) {
          const head = svg("path", { class: "wakehead" }, plot);
          movers.push(() => head.setAttribute("d", `M${X(t)} ${y - 3.5}l6 3.5l-6 3.5z`));
        }
      }
    // the fetches
    stage.fetches.forEach((fetch, f) => {
      const y = wh + 4 + f * rh + rh / 2;
      const row = svg("g", { class: "row" }, labels);
      const hit = svg("rect", { class: "hit", x: 0, y: y - rh / 2, width: S.W, height: rh }, row);
      hit.addEventListener("click", () => follow(S.follow === f ? -1 : f));
      let glyph, state;
      if (!small) {
        const label = fetch[0].length > 10 ? fetch[0].slice(0, 9) + "…" : fetch[0];
        const name = svg("text", { x: 10, y: y + 5, class: "label" }, row, label);
        svg("title", {}, name, `${fetch[0]} by ${fetch[1]}`);
        glyph = svg("text", { x: 96, y: y + 5, class: "glyph" }, row, "");
        state = svg("text", { x: 110, y: y + 5, class: "state" }, row, "");
      }
      rows.push({ row, glyph, state });
      const lane = svg("g", { class: "row" }, plot);
      rows[f].lane = lane;
      const block = Math.min(14, rh - 4);
      for (const [t0, t1, kind] of stage.lanes[f]) {
        if (kind === "run")
          span(svg("rect", { class: "run", y: y - block / 2, height: block }, lane), t0, t1, 1);
        else if (kind === "line")
          span(
            svg("rect", { class: "ready", y: y - block / 4, height: block / 2 }, lane),
            t0,
            t1,
            1,
          );
        else if (kind === "spin") {
          span(svg("line", { class: "w2 w busy", y1: y, y2: y }, lane), t0, t1);
        } else if (kind === "asleep")
          span(svg("line", { class: "bed", y1: y, y2: y }, lane), t0, t1);
        else span(svg("line", { class: "w2", y1: y, y2: y }, lane), t0, t1);
      }
      const steps = stage.byFetch[f],
        last = steps[steps.length - 1];
      if (!stage.one && stage.byWorker.length > 1 && steps.length) {
        // a worker of its own, which had to be started
        const start = stage.byWorker[steps[0][2]].find((step) => step[3] === K.starting);
        if (start)
          span(
            svg("rect", { class: "starting", y: y - block / 2 + 1, height: block - 2 }, lane),
            start[0],
            start[0] + start[1],
          );
      }
      if (last) {
        const end = last[0] + last[1];
        if (fetch[8]) spot(svg("text", { class: "fail", y: y + 5 }, lane, "✕"), end, "x", 4);
        else
          spot(svg("circle", { class: "got", cy: y, r: Math.min(4.5, rh / 3) }, lane), end, "cx");
      }
    });
    const future = svg("rect", { class: "future", y: 0, height, x: 0, width: 0 }, plotClip);
    const needle = svg("line", { class: "needle", y1: 0, y2: height }, plotClip);
    root.addEventListener("pointerdown", (event) => {
      if ((event.offsetX * S.W) / root.clientWidth > S.G) {
        drag(event, root);
      }
    });
    return {
      stage,
      side,
      root,
      rows,
      future,
      needle,
      now,
      tally,
      plot,
      lanesRoot: plotClip,
      chips: new Map(),
      height,
    };
  }

  // ---- The code: a line for each line, with who is where.
  function code(stage, panel) {
    const box = html("div", { class: "code" }, $("codes"));
    const title = html("h3", {}, box);
    html("b", {}, title, stage.name);
    html("span", {}, title, stage.source);
    panel.lines = new Map();
    panel.panes = [];
    const pane = (files, kind) => {
      if (!files.length) return;
      const src = html(
        "div",
        {
          class: `src ${kind}`,
          tabindex: 0,
          "aria-label": kind === "loop" ? "Code of the loop" : "Code of a fetch",
        },
        box,
      );
      panel.panes.push(src);
      files.forEach((file, i) => {
        if (i || kind === "loop" || files.length > 1)
          html("div", { class: "ln head" }, src).append(
            html("span", { class: "at" }),
            html("span", { class: "no" }),
            document.createTextNode(`// ${file.file.replace("crates/", "")}`),
          );
        file.parts.forEach((part, j) => {
          if (j) html("div", { class: "ln sep" }, src);
          const indent = part.lines.reduce(
            (least, line) => (line.trim() ? Math.min(least, line.match(/^ */)[0].length) : least),
            99,
          );
          part.lines.forEach((text, k) => {
            const line = html("div", { class: "ln" }, src);
            const gutter = html("span", { class: "at" }, line);
            html("span", { class: "no" }, line, part.from + k);
            line.append(document.createTextNode(text.slice(indent) || " "));
            panel.lines.set(`${file.file}:${part.from + k}`, { line, gutter, src });
          });
        });
      });
    };
    const fetches = stage.code.filter((file) => !stage.loopFiles.has(file.file)),
      loops = stage.code.filter((file) => stage.loopFiles.has(file.file));
    pane(fetches, loops.length ? "" : "tall");
    pane(loops, "loop");
    const sleep = stage.steps.find((step) => step[3] === K.sleep && step[5] >= 0);
    panel.bed = sleep && panel.lines.get(stage.places[sleep[5]]);
    panel.marked = [];
  }

  function life(stage, panel) {
    const box = html("div", { class: "code" }, $("codes"));
    panel.lifeTitle = html("h3", {}, box);
    panel.lifeBox = html(
      "div",
      { class: "life", tabindex: 0, "aria-label": "What happens, event by event" },
      box,
    );
    fillLife(stage, panel);
  }
  function fillLife(stage, panel) {
    if (!panel.lifeBox) return;
    panel.lifeTitle.replaceChildren();
    html(
      "b",
      {},
      panel.lifeTitle,
      S.follow < 0 ? "What happens, event by event" : `The life of ${stage.name_(S.follow)}`,
    );
    panel.lifeBox.replaceChildren();
    const list = html("ol", {}, panel.lifeBox);
    panel.life = steps(stage).map((step) => {
      const item = html("li", {}, list);
      html("time", {}, item, words(step[0]));
      html("span", {}, item, stage.say(step));
      item.onclick = () => {
        pause();
        go(step[0]);
      };
      return [step[0], item];
    });
  }
  // The steps that the arrows visit: all, or those of one fetch and what woke it.
  function steps(stage) {
    if (S.follow < 0) return stage.steps;
    const woke = new Set(stage.batches.filter(([, who]) => who.includes(S.follow)).map(([t]) => t));
    return stage.steps.filter(
      (step) => step[4] === S.follow || (step[3] === K.wake && woke.has(step[0])),
    );
  }

  function layout() {
    for (const move of movers) move();
    for (const node of document.querySelectorAll(".moving"))
      node.setAttribute("transform", `translate(${-S.scroll} 0)`);
  }

  // ---- One moment.
  function show(quiet) {
    const x = X(S.t) - S.scroll;
    $("clock").textContent = words(Math.round(S.t));
    S.dot.setAttribute("cx", S.G + (S.t / map.end) * map.width);
    $("head").style.left = `${(x / S.W) * 100}%`;
    $("head").style.top = "55px";
    for (const panel of panels) {
      const { stage } = panel,
        step = stage.latest(S.t),
        wallEnd = Math.max(stage.wall * 10, stage.steps[stage.steps.length - 1][0]);
      panel.needle.setAttribute("x1", x);
      panel.needle.setAttribute("x2", x);
      panel.future.setAttribute("x", x);
      panel.future.setAttribute("width", Math.max(0, S.W - x));
      const over = S.t >= wallEnd;
      const text = over ? `all done after ${about(stage.wall * 10)}` : stage.say(step);
      if (panel.now.textContent !== text) panel.now.textContent = text;
      // the lanes
      const count = { none: 0, hot: 0, line: 0, over: 0, bad: 0, wait: 0 };
      panel.rows.forEach((row, f) => {
        const [kind, words, glyph] = stage.stateOf(f, S.t);
        count[kind in count ? kind : "wait"]++;
        const cls = `row ${kind}${S.follow === f ? " followed" : ""}`;
        if (row.cls !== cls) {
          row.row.setAttribute("class", cls);
          row.lane.setAttribute("class", `row${S.follow === f ? " followed" : ""}`);
          row.cls = cls;
        }
        if (row.state && row.words !== words) {
          row.state.textContent = words;
          row.glyph.textContent = glyph;
          row.words = words;
        }
      });
      panel.root.firstElementChild.nextElementSibling.classList.toggle("others", S.follow >= 0);
      panel.plot.classList.toggle("others", S.follow >= 0);
      const parts = [
        count.none && `${count.none} not begun`,
        count.wait && `${count.wait} waiting`,
        count.line && `${count.line} in line`,
        count.hot && `${count.hot} running`,
        count.over && `${count.over} done`,
        count.bad && `${count.bad} failed`,
      ].filter(Boolean);
      panel.tally.textContent =
        (stage.of > stage.fetches.length ? `${stage.fetches.length} of ${stage.of} shown: ` : "") +
        parts.join(" · ");
      if (panel.rows.worker) {
        const w = panel.rows.worker,
          here = stage.stepAt(0, S.t);
        const asleep = here && !over && (here[3] === K.sleep || here[7]);
        const spin = here && here[3] === K.spin && S.t < here[0] + here[1];
        w.row.setAttribute("class", `row ${over || !here ? "" : asleep ? "" : "hot"}`);
        w.state.textContent = over
          ? "done"
          : !here
            ? "begins"
            : asleep
              ? `asleep in ${here[3] === K.sleep ? stage.call : here[3] === K.connect ? "connect" : "recv"}`
              : spin
                ? "asks in vain"
                : here[4] >= 0
                  ? `runs ${stage.name_(here[4])}`
                  : "runs the loop";
        w.glyph.textContent = over || !here ? "" : asleep ? "z" : spin ? "▒" : "█";
      }
      mark(panel, stage, over);
      if (panel.life) {
        const i = at(panel.life, S.t, (entry) => entry[0]);
        if (panel.lifeAt !== i) {
          panel.life.forEach(([, item], k) => {
            item.className = k <= i ? "past" : "";
            if (k === i) item.setAttribute("aria-current", "step");
            else item.removeAttribute("aria-current");
          });
          if (i >= 0) {
            const item = panel.life[i][1];
            panel.lifeBox.scrollTop = item.offsetTop - panel.lifeBox.clientHeight / 2;
          }
          panel.lifeAt = i;
        }
      }
    }
    const index = Math.max(0, at(map.times, S.t));
    $("head").setAttribute("aria-valuemax", map.times.length - 1);
    $("head").setAttribute("aria-valuenow", index);
    const told = `${words(Math.round(S.t))}. ${panels.map((panel) => `${panel.stage.name}: ${panel.now.textContent}`).join(". ")}`;
    $("head").setAttribute("aria-valuetext", told);
    if (!quiet && !S.playing) $("said").textContent = told;
  }

  // Who is at which line: the running one in full, those who wait as numbers in the margin.
  function mark(panel, stage, over) {
    for (const { line, gutter } of panel.marked) {
      line.classList.remove("now", "range");
      gutter.replaceChildren();
    }
    panel.marked = [];
    if (over) return;
    const spots = new Map();
    const add = (place, kind, who) => {
      const key = place;
      if (!spots.has(key)) spots.set(key, { hot: [], line: [], wait: [] });
      spots.get(key)[kind].push(who);
    };
    let running = null;
    stage.fetches.forEach((_, f) => {
      const [kind] = stage.stateOf(f, S.t);
      if (kind === "none" || kind === "over" || kind === "bad") return;
      const list = stage.byFetch[f],
        step = list[at(list, S.t, (s) => s[0])];
      if (step[5] < 0) return;
      add(
        stage.places[step[5]],
        kind === "hot" ? "hot" : kind === "line" ? "line" : "wait",
        stage.number(f),
      );
      if (
        kind === "hot" ||
        (!stage.one && kind === "sleeper" && running === null && S.follow < 0) ||
        kind === "vain"
      )
        running = running || [step, list];
      if (S.follow === f) running = [step, list];
    });
    if (stage.one) {
      const step = stage.stepAt(0, S.t);
      if (step && step[5] >= 0 && (S.follow < 0 || step[4] < 0))
        running = [step, step[4] >= 0 ? stage.byFetch[step[4]] : []];
    }
    for (const [key, who] of spots) {
      const spotted = panel.lines.get(key);
      if (!spotted) continue;
      for (const kind of ["hot", "line", "wait"])
        if (who[kind].length)
          spotted.gutter.append(html("span", { class: `chip ${kind}` }, null, numbers(who[kind])));
      panel.marked.push(spotted);
    }
    // The lines with somebody on them are shown together where they fit; else the fullest of them.
    const there = [...spots.keys()].map((key) => panel.lines.get(key)).filter(Boolean);
    if (there.length) {
      const { src } = there[0],
        ys = there
          .filter((spotted) => spotted.src === src)
          .map((spotted) => spotted.line.offsetTop),
        top = Math.min(...ys),
        bottom = Math.max(...ys);
      if (bottom - top < src.clientHeight - 44) {
        if (top < src.scrollTop + 4 || bottom > src.scrollTop + src.clientHeight - 40)
          src.scrollTop = (top + bottom) / 2 - src.clientHeight / 2 + 10;
      } else {
        const [key] = [...spots].sort(
          ([, a], [, b]) =>
            b.hot.length * 100 +
            b.line.length +
            b.wait.length -
            a.hot.length * 100 -
            a.line.length -
            a.wait.length,
        )[0];
        if (panel.lines.get(key)) reveal(panel.lines.get(key));
      }
    }
    if (running) {
      const [step, list] = running,
        key = stage.places[step[5]],
        spotted = panel.lines.get(key);
      if (spotted) {
        spotted.line.classList.add("now");
        panel.marked.push(spotted);
        const next = list[list.indexOf(step) + 1],
          [file, number] = [key.replace(/:\d+$/, ""), +key.match(/\d+$/)[0]];
        if (
          next &&
          next[5] >= 0 &&
          (step[3] === K.recv || step[3] === K.connect) &&
          stage.places[next[5]].startsWith(file + ":")
        ) {
          const to = +stage.places[next[5]].match(/\d+$/)[0];
          for (let k = number + 1; k < to && to - number < 8; k++) {
            const more = panel.lines.get(`${file}:${k}`);
            if (more) {
              more.line.classList.add("range");
              panel.marked.push(more);
            }
          }
        }
        reveal(spotted);
      }
    }
  }

  function reveal({ src, line }) {
    const y = line.offsetTop;
    if (y < src.scrollTop + 4 || y > src.scrollTop + src.clientHeight - 30)
      src.scrollTop = Math.max(0, y - src.clientHeight / 2);
  }

  // ---- Moving.
  function go(t, quiet) {
    S.t = Math.min(map.end, Math.max(0, t));
    const x = X(S.t),
      left = S.scroll + S.G,
      right = S.scroll + S.W - 18;
    if (S.zoom > 1 && (x < left + 60 || x > right - 120)) {
      S.scroll = Math.max(0, Math.min(map.width * (S.zoom - 1), x - S.G - map.width * 0.35));
      layout();
    }
    show(quiet);
  }
  const visited = () => {
    const set = new Set();
    for (const i of S.shown) for (const step of steps(stages[i])) set.add(step[0]);
    return [...set].sort((a, b) => a - b);
  };
  function step(by) {
    pause();
    const times = visited(),
      i = at(times, S.t + (by > 0 ? 0.01 : -0.01));
    if (by > 0) go(times[Math.min(times.length - 1, i + 1)] ?? map.end);
    else go(i < 0 ? 0 : times[i]);
  }
  function leap(by) {
    pause();
    const starts = map.bursts.map((b) => b[0]),
      i = at(starts, S.t + (by > 0 ? 0 : -0.01));
    go(by > 0 ? (starts[i + 1] ?? map.end) : (starts[Math.max(0, i)] ?? 0));
  }
  function follow(f) {
    S.follow = f;
    $("follow").value = f;
    for (const panel of panels) {
      panel.lifeAt = null;
      fillLife(panel.stage, panel);
    }
    show();
  }
  function pause() {
    if (!S.playing) return;
    S.playing = false;
    $("play").textContent = "Play";
    $("play").setAttribute("aria-label", "Play (Space)");
    $("slow").textContent = "";
  }
  function play() {
    if (S.playing) return pause();
    if (S.t >= map.end) go(0, true);
    S.playing = true;
    $("play").textContent = "Pause";
    $("play").setAttribute("aria-label", "Pause (Space)");
    let before = null;
    const frame = (now) => {
      if (!S.playing) return;
      const passed = before === null ? 0 : Math.min(0.1, (now - before) / 1000);
      before = now;
      const t = S.t;
      if (S.elastic > 0.5)
        S.t = unstretched(Math.min(1, stretched(t) + (passed * S.speed * 2.5) / map.times.length)); // two and a half events a second
      else S.t = t + passed * 1e7 * S.speed;
      if (passed) {
        const rate = (S.t - t) / 1e7 / passed;
        $("slow").textContent =
          rate <= 0
            ? ""
            : rate > 0.9
              ? rate < 1.1
                ? "as fast as it was"
                : `${rate.toFixed(1)} times as fast`
              : `1 s here is ${about(Math.max(1, rate * 1e7))}: ${Math.round(1 / rate).toLocaleString("en")} times slower`;
      }
      go(S.t, true);
      if (S.t >= map.end) return pause();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
  function axis() {
    const to = S.elastic > 0.5 ? 0 : 1,
      from = S.elastic;
    $("axis").setAttribute("aria-pressed", String(!to));
    $("axisname").textContent = to ? "stretched where something happens" : "true time";
    if (calm.matches) {
      S.elastic = to;
      layout();
      show();
      return;
    }
    const start = performance.now();
    const frame = (now) => {
      const k = Math.min(1, (now - start) / 700),
        ease = k * k * (3 - 2 * k);
      S.elastic = from + (to - from) * ease;
      layout();
      show(true);
      if (k < 1) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
  function guess() {
    const on = $("player").classList.toggle("guess");
    $("guess").setAttribute("aria-pressed", String(on));
  }
  function zoom(by) {
    S.zoom = by ? Math.min(64, Math.max(1, S.zoom * by)) : 1;
    S.scroll = Math.max(0, Math.min(map.width * (S.zoom - 1), X(S.t) - S.G - map.width * 0.4));
    layout();
    show(true);
  }
  function speed(by) {
    const i = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(S.speed) + by));
    S.speed = SPEEDS[i];
    $("speed").value = S.speed;
  }
  function drag(event, root) {
    pause();
    const box = $("time").getBoundingClientRect();
    const to = (e) => go(when(((e.clientX - box.left) * S.W) / box.width));
    to(event);
    const target = event.currentTarget || root;
    target.setPointerCapture(event.pointerId);
    target.onpointermove = to;
    target.onpointerup = () => {
      target.onpointermove = null;
    };
  }
  function restart() {
    const t = S.t;
    fillFollow();
    build();
    go(Math.min(t, map.end), true);
  }
  function fillFollow() {
    const select = $("follow");
    select.replaceChildren();
    html("option", { value: -1 }, select, "nobody");
    stages[S.shown[0]].fetches.forEach((fetch, f) =>
      html("option", { value: f }, select, fetch[0]),
    );
    select.value = S.follow;
  }

  // ---- Hands.
  for (const value of SPEEDS)
    html(
      "option",
      { value },
      $("speed"),
      value < 1 ? { 0.125: "⅛", 0.25: "¼", 0.5: "½" }[value] + " ×" : `${value} ×`,
    );
  $("speed").value = 1;
  $("speed").onchange = () => {
    S.speed = +$("speed").value;
  };
  $("follow").onchange = () => follow(+$("follow").value);
  $("play").onclick = play;
  $("prev").onclick = () => step(-1);
  $("next").onclick = () => step(1);
  $("first").onclick = () => {
    pause();
    go(0);
  };
  $("last").onclick = () => {
    pause();
    go(map.end);
  };
  $("axis").onclick = axis;
  $("guess").onclick = guess;
  $("in").onclick = () => zoom(2);
  $("out").onclick = () => zoom(0.5);
  $("keys").onclick = () => {
    const open = $("help").hidden;
    $("help").hidden = !open;
    $("keys").setAttribute("aria-expanded", String(open));
  };
  $("time").addEventListener("pointerdown", (event) => drag(event, $("time")));
  $("head").addEventListener("pointerdown", (event) => drag(event, $("head")));
  for (const link of document.querySelectorAll("a[data-stage]"))
    link.addEventListener("click", () => {
      const i = +link.dataset.stage;
      S.shown = S.shown.length > 1 && i !== S.shown[0] ? [S.shown[0], i] : [i];
      S.follow = -1;
      restart();
      $("player").scrollIntoView();
    });
  addEventListener("keydown", (event) => {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      /^(SELECT|INPUT|TEXTAREA)$/.test(event.target.tagName)
    )
      return;
    const inPlayer = $("replay").contains(event.target) || event.target === document.body;
    if (!inPlayer) return;
    const count = stages[S.shown[0]].fetches.length;
    const keys = {
      ArrowRight: () => (event.shiftKey ? leap(1) : step(1)),
      ArrowLeft: () => (event.shiftKey ? leap(-1) : step(-1)),
      ArrowDown: () => follow(S.follow + 1 >= count ? -1 : S.follow + 1),
      ArrowUp: () => follow(S.follow < 0 ? count - 1 : S.follow - 1),
      Home: () => {
        pause();
        go(0);
      },
      End: () => {
        pause();
        go(map.end);
      },
      Escape: () => follow(-1),
      h: guess,
      H: guess,
      t: axis,
      T: axis,
      "+": () => zoom(2),
      "=": () => zoom(2),
      "-": () => zoom(0.5),
      0: () => zoom(0),
      ",": () => speed(-1),
      ".": () => speed(1),
    };
    if (
      event.key === " " &&
      event.target.tagName !== "BUTTON" &&
      event.target.tagName !== "SUMMARY"
    ) {
      event.preventDefault();
      play();
      return;
    }
    const vertical = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (vertical && !(document.activeElement && $("replay").contains(document.activeElement)))
      return; // the page still scrolls
    if (vertical && event.target.classList.contains("src")) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  const themes = ["light", "dark"];
  $("theme").hidden = false;
  if (matchMedia("(prefers-color-scheme: dark)").matches) $("theme").textContent = "Light";
  $("theme").onclick = () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = themes[dark ? 0 : 1];
    $("theme").textContent = dark ? "Dark" : "Light";
  };
  document.querySelector(".nojs").remove();
  $("player").hidden = false;
  let timer;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      build();
      go(S.t, true);
    }, 150);
  });

  // A place in the address: #replay=epoll,async-await@450.3ms opens there, for slides and for tests.
  const wanted = decodeURIComponent(location.hash).match(
    /^#replay=([\w-]+)(?:,([\w-]+))?(?:@([\d.]+)ms)?(?:&follow=(\d+))?/,
  );
  if (wanted) {
    S.shown = [wanted[1], wanted[2]].filter(Boolean).map(find);
    if (wanted[4]) S.follow = +wanted[4] - 1;
  }
  fillFollow();
  measure();
  if (map.cuts.length > CROWDED) {
    S.elastic = 0;
    $("axis").setAttribute("aria-pressed", "true");
  }
  build();
  if (map.cuts.length > CROWDED) $("axisname").textContent = "true time";
  if (wanted) {
    go(wanted[3] ? +wanted[3] * 1e4 : 0, true);
    $("player").scrollIntoView({ behavior: "instant" });
  }
  window.replay = { S, go, step, stages, X, follow, axis, zoom, play, pause }; // for the tests
})();
