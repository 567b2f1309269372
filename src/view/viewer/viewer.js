// Draws a run and lets people walk through it. The data, in the element `data`:
//   texts      every text once; elsewhere texts are indices into this list
//   events     [number, tick, process, what, label, message, crashed, [[how, text], ...], state]
//              what: an index into WHAT; how: into HOW; state: what changed, [[field, value], ...], or null
//   messages   [from, to, name, content, sent, arrived, lost, cause, flags, held]; flags: 1 token, 2 copy;
//              held: the last event before it arrived, where it waited then
//   spans      [process, kind, data, from, to]; kind: an index into SPAN
//   ending     {text, wrong, processes}; cycle: where a run that goes round for ever comes back to
// Places (sent, arrived, lost, from, to, wrong, cycle) are indices into the events; null where there is none.
"use strict";
(() => {
  const WHAT = ["start", "request", "message", "timer", "report", "restart", "crash", "loss", "partition", "pause"];
  const HOW = ["tells", "stores", "notes", "sets timer", "cancels timer"];
  const [REQUEST, MESSAGE, TIMER, CRASH, LOSS] = [1, 2, 3, 6, 7];
  const [LOCK, WAIT, TOKEN, DOWN, PAUSED] = [0, 1, 2, 3, 4];
  const GUTTER = 58, BASE = 26, BUCKET = 64, COLUMNS_MAX = 400;

  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const { texts, ending } = data;
  const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  const esc = (text) => String(text).replace(/[&<>"']/g, (c) => ESCAPES[c]);
  const name = (process) => `p${process}`;
  const plural = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

  const events = data.events.map(([number, tick, process, what, label, message, crashed, says, state]) =>
    ({ number, tick, process, what, label: texts[label], message, crashed: crashed === 1 || what === CRASH, says, state,
      sends: [], step: what < LOSS }));
  const messages = data.messages.map(([from, to, name, content, sent, arrived, lost, cause, flags, held]) =>
    ({ from, to, name: texts[name], content: texts[content], sent, arrived, lost, cause,
      token: !!(flags & 1), copy: !!(flags & 2), held }));
  const spans = data.spans.map(([process, kind, data, from, to]) => ({ process, kind, data, from, to }));
  messages.forEach((message, index) => events[message.sent].sends.push(index));

  // The event before each at its process, and all events of a process.
  const ofProcess = new Map();
  const previous = new Array(events.length).fill(null);
  events.forEach((event, place) => {
    const own = ofProcess.get(event.process) ?? [];
    if (event.step) {
      if (own.length) previous[place] = own[own.length - 1];
      own.push(place);
    }
    ofProcess.set(event.process, own);
  });

  // ---- what is shown

  const kindOf = (event) =>
    event.what === MESSAGE && event.message !== null ? `message ${messages[event.message].name}` : WHAT[event.what];
  const acts = (process) => ofProcess.get(process).some((place) => events[place].what !== 0);
  const active = data.processes <= 12 ? [...Array(data.processes).keys()] : [...ofProcess.keys()].filter(acts).sort((a, b) => a - b);
  const kinds = new Map();
  events.forEach((event) => kinds.set(kindOf(event), (kinds.get(kindOf(event)) ?? 0) + 1));
  const shownProcesses = new Set(active.slice(0, COLUMNS_MAX));
  const shownKinds = new Set(kinds.keys());

  let zoom = 1, selected = null, message = null, past = null, hovered = null;
  let columns, columnOf, rows, rowOf, buckets, far, pitch, height;

  const whole = (place) => place === null ? rows.length : rowOf[place];

  // Rows, columns, and what is to be drawn in each stretch of rows.
  function arrange() {
    columns = [...shownProcesses].sort((a, b) => a - b);
    columnOf = new Map(columns.map((process, column) => [process, column]));
    rows = [];
    rowOf = new Int32Array(events.length);
    events.forEach((event, place) => {
      rowOf[place] = rows.length;
      event.shown = columnOf.has(event.process) && shownKinds.has(kindOf(event));
      if (event.shown) rows.push(place);
    });
    buckets = new Map();
    far = [];
    const put = (item, from, to) => {
      const [first, last] = [Math.floor(from / BUCKET), Math.floor(to / BUCKET)];
      if (last - first > 32) return far.push(item);
      for (let bucket = first; bucket <= last; bucket++) {
        if (!buckets.has(bucket)) buckets.set(bucket, []);
        buckets.get(bucket).push(item);
      }
    };
    spans.forEach((span, index) => {
      if (columnOf.has(span.process)) put(index, rowOf[span.from], whole(span.to));
    });
    messages.forEach((message, index) => {
      const end = message.arrived ?? message.lost;
      const kind = message.arrived === null ? `message ${message.name}` : kindOf(events[message.arrived]);
      message.drawn = columnOf.has(message.from) && columnOf.has(message.to) && (shownKinds.has(kind) || !kinds.has(kind));
      if (message.drawn) put(spans.length + index, rowOf[message.sent], whole(end) + 1);
    });
    measure();
  }

  function measure() {
    const room = $("stage").clientWidth - GUTTER - (matchMedia("(max-width: 46rem)").matches ? 36 : 130);
    pitch = Math.max(44, Math.min(190, room / Math.max(1, columns.length - 1 || 1))) * Math.min(Math.max(zoom, .6), 1.6);
    height = Math.min(BASE * zoom, 15e6 / Math.max(1, rows.length));
    $("room").style.height = `${rows.length * height + 48}px`;
    $("room").style.width = `${GUTTER + (columns.length - 1) * pitch + 40}px`;
    $("heads").style.width = `max(100%, ${$("room").style.width})`;
    $("heads").innerHTML = columns.map((process) => {
      const bad = ending.processes.includes(process) ? ' class="bad"' : "";
      return `<span${bad} style="left:${x(process)}px">${name(process)}</span>`;
    }).join("");
    drawn = "";
    draw();
  }

  // ---- drawing: only what is in sight

  const x = (process) => GUTTER + columnOf.get(process) * pitch;
  const y = (row) => row * height + 24;
  const at = (place) => y(place === null ? rows.length : rowOf[place]);
  const dim = (inPast) => past && !inPast ? " dim" : "";
  let drawn = "", labels = [], taken = [];

  function draw(everything = false) {
    const stage = $("stage");
    const top = Math.max(0, stage.scrollTop - 28), bottom = top + stage.clientHeight;
    let first = Math.max(0, Math.floor(top / height) - 4), last = Math.min(rows.length, Math.ceil(bottom / height) + 4);
    if (everything) {
      const middle = selected === null ? 0 : rowOf[selected];
      [first, last] = [Math.max(0, middle - 1000), Math.min(rows.length, middle + 1000)];
    }
    const key = [first, last, selected, message, height, pitch, everything, !!past].join();
    if (key === drawn) return;
    drawn = key;
    const from = y(first) - 24, to = y(last) + 24;
    const width = GUTTER + (columns.length - 1) * pitch + 140;
    const out = [];
    [labels, taken] = [[], []];
    backdrop(out, first, last, width);
    const items = new Set(far);
    for (let bucket = Math.floor(first / BUCKET); bucket <= Math.floor(last / BUCKET); bucket++) {
      (buckets.get(bucket) ?? []).forEach((item) => items.add(item));
    }
    const inSight = [...items].sort((a, b) => a - b);
    lines(out, from, to);
    inSight.filter((item) => item < spans.length).forEach((item) => drawSpan(out, spans[item], from, to));
    const arrows = inSight.filter((item) => item >= spans.length).map((item) => item - spans.length);
    arrows.filter((index) => messages[index].token).forEach((index) => drawMessage(out, index, first, last));
    arrows.filter((index) => !messages[index].token).forEach((index) => drawMessage(out, index, first, last));
    out.push(...labels);
    let tick = null;
    for (let row = first; row < last; row++) {
      drawEvent(out, rows[row], events[rows[row]].tick !== tick);
      tick = events[rows[row]].tick;
    }
    const svg = $("drawing");
    svg.setAttribute("viewBox", `0 ${from} ${width} ${to - from}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", to - from);
    svg.style.top = `${from}px`;
    svg.innerHTML = out.join("");
  }

  function backdrop(out, first, last, width) {
    const band = (place, kind) => {
      if (place !== null && events[place].shown && rowOf[place] >= first && rowOf[place] <= last) {
        out.push(`<rect class="${kind}" x="2" y="${at(place) - height / 2}" width="${width - 6}" height="${height}" rx="5"/>`);
      }
    };
    if (data.cycle !== null && data.cycle < events.length) {
      const [from, to] = [Math.max(y(first) - 40, at(data.cycle) - height / 2), Math.min(y(last) + 40, y(rows.length))];
      if (from < to) {
        const right = width - 12;
        out.push(`<rect class="again" x="2" y="${from}" width="${width - 6}" height="${to - from}"/>`,
          `<path class="cycle" d="M${right - 10} ${to}H${right}V${from}h-14m6 -5l-6 5 6 5"/>`,
          `<text class="cycle" x="${right - 6}" y="${Math.max(from, y(first)) + 20}">again and again</text>`);
      }
    }
    band(ending.wrong, "wrong");
    if (selected !== ending.wrong) band(selected, "selected");
  }

  const downs = new Map();
  spans.filter((span) => span.kind === DOWN).forEach((span) => {
    downs.set(span.process, [...(downs.get(span.process) ?? []), span]);
  });

  // The lines of processes, with gaps where they are down.
  function lines(out, top, bottom) {
    for (const process of columns) {
      let from = top;
      const draw = (to) => {
        if (to > from) out.push(`<line class="up" x1="${x(process)}" x2="${x(process)}" y1="${from}" y2="${to}"/>`);
      };
      for (const down of downs.get(process) ?? []) {
        if (down.to !== null && at(down.to) < top) continue;
        if (at(down.from) > bottom) break;
        draw(at(down.from));
        from = down.to === null ? Infinity : Math.max(top, at(down.to));
      }
      draw(bottom);
    }
  }

  function drawSpan(out, span, top, bottom) {
    let [from, to] = [at(span.from), at(span.to)];
    if (span.kind === DOWN || from > bottom || to < top) return;
    if (from === to && events[span.from].shown) [from, to] = [from - 5, to + 5];
    [from, to] = [Math.max(from, top - 20), Math.min(to, bottom + 20)];
    const column = x(span.process), faint = past ? dim(past[span.from]) : "";
    if (span.kind === TOKEN) {
      out.push(`<line class="token${faint}" x1="${column}" x2="${column}" y1="${from}" y2="${to}"/>`);
      return;
    }
    const [kind, half] = { [LOCK]: ["lock", 6], [WAIT]: ["wait", 3.5], [PAUSED]: ["paused", 8] }[span.kind];
    const says = { [LOCK]: `in the critical section of d${span.data}`, [WAIT]: `waits for d${span.data}`,
      [PAUSED]: `paused until tick ${span.data}` }[span.kind];
    out.push(`<rect class="${kind}${faint}" x="${column - half}" y="${from}" width="${2 * half}" height="${to - from}" rx="2">` +
      `<title>${name(span.process)} ${says}</title></rect>`);
  }

  function drawMessage(out, index, first, last) {
    const m = messages[index];
    const [x1, y1, x2] = [x(m.from), at(m.sent), x(m.to)];
    const arrives = m.arrived !== null;
    const full = at(arrives ? m.arrived : m.lost);
    const end = arrives ? full : Math.max(full, y1 + height / 2);
    if (end < y(first) - 30 || y1 > y(last) + 30) return;
    const share = arrives ? 1 : m.cause === "receiver_down" ? .9 : .55;
    // Where it waits, beside the line of its receiver.
    const waits = arrives && m.held !== null && x1 !== x2;
    const side = Math.sign(x1 - x2) * 13;
    const [dx, dy] = waits ? [x2 + side - x1, Math.min(at(m.held) + height / 2, end) - y1] : [(x2 - x1) * share, end - y1];
    const inPast = past && past[m.sent] && (arrives ? past[m.arrived] : m.sent === selected);
    const classes = `${m.token ? "token" : ""}${arrives ? "" : " unheard"}${index === message ? " chosen" : ""}${dim(inPast)}`;
    const length = Math.hypot(dx, dy) || 1, rest = Math.max(.1, 1 - 7 / length);
    const path = x1 === x2 ? `M${x1} ${y1}c34 4 34 ${dy - 4} 4 ${dy}` : `M${x1} ${y1}l${dx * rest} ${dy * rest}`;
    out.push(`<g data-message="${index}"><title>${esc(m.name)} from ${name(m.from)} to ${name(m.to)}</title>` +
      `<path class="${classes}" d="${path}"/><path class="hit" d="${path}"/>`);
    if (waits) {
      out.push(`<path class="${classes} unheard" d="M${x1 + dx} ${y1 + dy}V${end}h${-side + Math.sign(side) * 5}"/>`);
    } else if (arrives) {
      const angle = x1 === x2 ? 180 : Math.atan2(dy, dx) * 180 / Math.PI, size = m.token ? 10 : 8;
      const tip = `translate(${x1 + (x1 === x2 ? 5 : dx - 5 * dx / length)} ${y1 + dy - (x1 === x2 ? 0 : 5 * dy / length)}) rotate(${angle})`;
      out.push(`<path class="tip${m.token ? " token" : ""}${dim(inPast)}" transform="${tip}" d="M0 0l-${size} ${size / 2.2}v-${size / 1.1}z"/>`);
    } else if (m.lost !== null) {
      out.push(`<path class="cross${dim(inPast)}" d="M${x1 + dx * rest - 5} ${y1 + dy * rest - 5}l10 10m0 -10l-10 10"/>`);
    }
    if (height > 11) {
      const near = dy > 3 * height ? 1.5 * height / dy : .5, text = cut(m.name, pitch);
      const [tx, ty] = free(near, text, (share) => [x1 + (x1 === x2 ? 30 : dx * share), y1 + dy * share - 3]);
      labels.push(`<text class="name${m.token ? " token" : ""}${dim(inPast)}" x="${tx}" y="${ty}">${esc(text)}</text>`);
    }
    out.push("</g>");
  }

  // Where along its arrow a label covers no other, if there is such a place.
  function free(share, text, place) {
    const half = text.length * 3.2;
    const fits = ([cx, cy]) => taken.every(([left, right, base]) => cx + half < left || cx - half > right || Math.abs(cy - base) > 11);
    const found = [1, .65, 1.35, .4].map((factor) => place(share * factor)).find(fits) ?? place(share);
    taken.push([found[0] - half, found[0] + half, found[1]]);
    return found;
  }

  const cut = (text, room) => {
    const most = Math.max(4, Math.floor(room / 6.6));
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  };

  function beside(event) {
    const parts = event.what === MESSAGE || event.what === CRASH || event.what === LOSS ? [] : [event.label];
    for (const [how, text] of event.says) {
      if (how === 0) parts.push(texts[text].toUpperCase());
      if (how === 1) parts.push(`store ${texts[text]}`);
    }
    if (event.crashed) parts.push("crash");
    return parts.join(" · ");
  }

  function drawEvent(out, place, withTick) {
    const event = events[place], [cx, cy] = [x(event.process), at(place)];
    const now = place === selected ? " now" : "";
    if (withTick && height > 8) out.push(`<text class="tick" x="${GUTTER - 18}" y="${cy + 4}">${event.tick}</text>`);
    out.push(`<g class="event${now}${dim(past?.[place])}" data-place="${place}" role="img" aria-label="${esc(sentence(place))}">`);
    const radius = Math.min(4.5, Math.max(1.5, height / 3));
    if (event.step && event.what !== CRASH) {
      out.push(`<circle${event.what === TIMER ? ' class="timer"' : ""} cx="${cx}" cy="${cy}" r="${radius}"/>`);
    }
    if (event.says.some(([how]) => how === 1) && height > 8) {
      out.push(`<rect class="store" x="${cx - 13}" y="${cy - 3.5}" width="7" height="7"/>`);
    }
    if (event.crashed) out.push(`<path class="crash cross" d="M${cx - 7} ${cy - 7}l14 14m0 -14l-14 14"/>`);
    const text = height > 11 ? beside(event) : "";
    if (text) {
      // Below what comes in from the right.
      const below = event.message !== null && messages[event.message].from > event.process ? 12 : 0;
      const room = columnOf.get(event.process) === columns.length - 1 ? 125 : pitch - 14;
      out.push(`<text class="says${/[A-Z]{3}/.test(text) ? " loud" : ""}" x="${cx + 9}" y="${cy - 3 + below}">${esc(cut(text, room))}</text>`);
    }
    out.push(`<rect x="${cx - 12}" y="${cy - height / 2}" width="${Math.min(pitch, 60)}" height="${height}" fill="transparent"/></g>`);
  }

  // ---- words

  function sentence(place) {
    const event = events[place], who = name(event.process);
    const came = event.message === null ? null : messages[event.message];
    const what = {
      start: `${who} starts`, request: `${who} is asked to ${event.label}`, timer: `at ${who} the timer ${event.label} fires`,
      message: `${who} receives ${event.label}${came ? ` from ${name(came.from)}` : ""}`, restart: `${who} restarts`,
      report: event.label.startsWith("†") ? `${who} is told that ${event.label.slice(1)} crashed` : `${who} is told that ${event.label}`,
      crash: `${who} crashes`, loss: `messages to ${who} are lost`, partition: event.label, pause: `${who} is ${event.label}`,
    }[WHAT[event.what]];
    const told = event.says.filter(([how]) => how < 2).map(([how, text]) => `${HOW[how]} ${texts[text]}`);
    const sent = event.sends.map((index) => `sends ${messages[index].name} to ${name(messages[index].to)}`);
    const crash = event.crashed && event.what !== CRASH ? ["crashes"] : [];
    return [`tick ${event.tick}, event ${event.number}: ${what}`, ...told, ...sent, ...crash].join(", ");
  }

  // The state of the event's process before and after it: [field, before, after], in order.
  function states(place) {
    const own = ofProcess.get(events[place].process) ?? [];
    const upTo = own.filter((other) => other <= place && events[other].state);
    let start = 0;
    upTo.forEach((other, index) => { if (other < place && events[other].state.some(([field]) => texts[field] === "")) start = index; });
    const fields = new Map();
    for (const other of upTo.slice(start)) {
      if (other === place) break;
      for (const [field, value] of events[other].state) fields.set(texts[field], texts[value]);
    }
    const changes = new Map((events[place].state ?? []).map(([field, value]) => [texts[field], texts[value]]));
    const before = events[place].what === 0 || events[place].what === 5 ? new Map() : fields;
    const anew = changes.has("");
    const names = [...new Set([...(anew ? changes : before).keys(), ...before.keys(), ...changes.keys()])];
    return names.map((field) => [field, before.get(field), changes.get(field) ?? (anew ? undefined : before.get(field))]);
  }

  function pretty(content) {
    try { return JSON.stringify(JSON.parse(content), null, 1).replace(/\n\s*/g, " "); } catch { return content; }
  }

  function messageLine(index, direction) {
    const m = messages[index];
    const fate = m.arrived !== null ? (m.held !== null ? ", waited until the process was free" : "") : m.lost !== null ?
      `, lost: ${({ receiver_down: "its receiver is down", sender_crashed: "its sender crashed", network: "by the network",
        partition: "cut off" })[m.cause] ?? m.cause}` : ", still on its way at the end";
    const other = direction === "to" ? m.to : m.from;
    const goal = direction === "to" ? m.arrived ?? m.lost : m.sent;
    const label = `${esc(m.name)} ${direction} ${name(other)}`;
    const button = goal === null ? `<b>${label}</b>` : `<button data-go="${goal}">${label}</button>`;
    return `<li>${button}<span class="soft">${m.token ? ", the token" : ""}${m.copy ? ", a second copy" : ""}${fate}</span><pre>${esc(pretty(m.content))}</pre></li>`;
  }

  function describe(place) {
    const event = events[place], parts = [];
    parts.push(`<h2>${esc(sentence(place).split(", ").slice(0, 2).join(", "))}</h2>`);
    if (place === ending.wrong) parts.push(`<p id="why" style="color:var(--bad)">${esc(ending.text)}</p>`);
    if (event.message !== null) parts.push(`<h3>receives</h3><ul>${messageLine(event.message, "from")}</ul>`);
    if (event.sends.length) parts.push(`<h3>sends</h3><ul>${event.sends.map((index) => messageLine(index, "to")).join("")}</ul>`);
    if (event.says.length) {
      parts.push(`<h3>does</h3><ul>${event.says.map(([how, text]) => `<li>${HOW[how]} ${esc(texts[text])}</li>`).join("")}</ul>`);
    }
    if (event.crashed) parts.push("<p><b>It crashes here.</b> Effects that it had not done yet never happen.</p>");
    const rows = event.step ? states(place) : [];
    if (rows.length) {
      parts.push(`<h3>state of ${name(event.process)}: before → after</h3><table>${rows.map(([field, before, after]) => {
        const same = before === after;
        const cell = same ? esc(after) : `${before === undefined ? "" : `<del>${esc(before)}</del> → `}<ins>${after === undefined ? "–" : esc(after)}</ins>`;
        return `<tr${same ? "" : ' class="changed"'}><th scope="row">${esc(field || "type")}</th><td>${cell}</td></tr>`;
      }).join("")}</table>`);
    }
    return parts.join("");
  }

  function tell() {
    const place = hovered ?? selected;
    $("details").innerHTML = place === null ? "<p class=soft>No event is selected.</p>" : describe(place);
    document.body.dataset.selected = selected === null ? "" : events[selected].number;
  }

  // ---- walking

  function select(place, { scroll = true, say = true } = {}) {
    selected = place;
    message = null;
    hovered = null;
    if (past) past = causalPast(place);
    if (scroll && place !== null) reveal(place);
    drawn = "";
    draw();
    tell();
    if (say && place !== null) $("status").textContent = sentence(place);
  }

  function reveal(place) {
    const stage = $("stage"), middle = at(place) + 28, left = x(events[place].process);
    if (middle < stage.scrollTop + 70 || middle > stage.scrollTop + stage.clientHeight - 60) {
      stage.scrollTop = middle - stage.clientHeight / 2;
    }
    if (left < stage.scrollLeft + GUTTER || left > stage.scrollLeft + stage.clientWidth - 60) {
      stage.scrollLeft = left - stage.clientWidth / 2;
    }
  }

  function step(by, sameProcess = false) {
    if (!rows.length) return;
    if (selected === null) return select(rows[0]);
    let row = rowOf[selected] + (by < 0 || events[selected].shown ? by : 0);
    while (sameProcess && rows[row] !== undefined && events[rows[row]].process !== events[selected].process) row += by;
    if (rows[row] !== undefined) select(rows[row]);
  }

  // Every event that could have had a part in this one.
  function causalPast(place) {
    if (place === null) return null;
    const found = new Uint8Array(events.length), open = [place];
    while (open.length) {
      const next = open.pop();
      if (found[next]) continue;
      found[next] = 1;
      if (previous[next] !== null) open.push(previous[next]);
      if (events[next].message !== null) open.push(messages[events[next].message].sent);
    }
    return found;
  }

  function setPast(on) {
    past = on ? causalPast(selected) : null;
    $("past").setAttribute("aria-pressed", String(!!past));
    if (past) $("status").textContent = `${plural(past.reduce((sum, one) => sum + one, 0) - 1, "event")} before this one could have caused it`;
    document.body.dataset.past = past ? past.reduce((sum, one) => sum + one, 0) : "";
    drawn = "";
    draw();
  }

  function setZoom(value) {
    const stage = $("stage"), middle = stage.scrollTop + stage.clientHeight / 2, share = middle / (rows.length * height || 1);
    zoom = Math.min(3, Math.max(.06, value));
    measure();
    if (selected !== null) stage.scrollTop = at(selected) - stage.clientHeight / 2;
    else stage.scrollTop = share * rows.length * height - stage.clientHeight / 2;
    draw();
  }

  // Keeps what is selected in sight when other rows go.
  function rearrange() {
    arrange();
    document.body.dataset.rows = rows.length;
    if (selected !== null && columnOf.has(events[selected].process)) reveal(selected);
    draw();
  }

  // ---- the tools

  function choices(element, all, shown, label, count) {
    const boxes = all.map((one, index) =>
      `<label><input type="checkbox" value="${index}"${shown.has(one) ? " checked" : ""}> ${esc(label(one))}<span class="soft">${count(one)}</span></label>`);
    element.innerHTML = `<p><button data-all="1">all</button> <button data-all="">none</button></p>${boxes.join("")}`;
    element.addEventListener("change", ({ target }) => {
      if (target.checked) shown.add(all[target.value]); else shown.delete(all[target.value]);
      rearrange();
    });
    element.addEventListener("click", ({ target }) => {
      if (target.dataset.all === undefined) return;
      shown.clear();
      if (target.dataset.all) all.forEach((one) => shown.add(one));
      element.querySelectorAll("input").forEach((box) => { box.checked = !!target.dataset.all; });
      rearrange();
    });
  }

  const KEYS = { ArrowDown: () => step(1), j: () => step(1), ArrowUp: () => step(-1), k: () => step(-1),
    ArrowRight: () => step(1, true), ArrowLeft: () => step(-1, true), Home: () => select(rows[0] ?? null),
    End: () => select(rows[rows.length - 1] ?? null), v: () => select(ending.wrong), c: () => setPast(!past),
    "+": () => setZoom(zoom * 1.25), "=": () => setZoom(zoom * 1.25), "-": () => setZoom(zoom / 1.25), 0: () => setZoom(1),
    Escape: () => { setPast(false); document.querySelectorAll(".menu[open]").forEach((menu) => { menu.open = false; }); } };

  const THEMES = ["auto", "light", "dark"];
  function setTheme(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    $("theme").textContent = `theme: ${theme}`;
  }

  function legend() {
    const sign = (drawing, text) => `<p><svg width="46" height="20" aria-hidden="true" style="vertical-align:middle">${drawing}</svg> ${text}</p>`;
    const dot = '<g class="event"><circle cx="23" cy="10" r="4.5"/></g>';
    return [
      sign(dot, "a process handles an event"),
      sign('<g class="event"><circle class="timer" cx="23" cy="10" r="4.5"/></g>', "a timer fires"),
      sign('<path d="M4 4L40 15"/><path class="tip" transform="translate(42 15.6) rotate(17)" d="M0 0l-8 3.6v-7.2z"/>', "a message, from sending to handling"),
      sign('<path class="token" d="M4 4L42 16"/>', "the token, on its way or held"),
      sign('<path d="M4 2L26 8"/><path class="unheard" d="M26 8V17h10"/>', "it arrived, and waits until the process is free"),
      sign('<path class="unheard" d="M2 4L30 12"/><path class="cross" d="M27 7l10 10m0 -10l-10 10"/>', "lost; without the cross: still on its way at the end"),
      sign('<rect class="lock" x="17" y="1" width="12" height="18" rx="2"/>', "in a critical section"),
      sign('<rect class="wait" x="19.5" y="1" width="7" height="18" rx="2"/>', "asked, and waits"),
      sign('<path class="crash cross" d="M16 3l14 14m0 -14l-14 14"/>', "a crash; the line stops until the restart"),
      sign('<g class="event"><rect class="store" x="19" y="6" width="7" height="7"/></g>', "writes to stable storage"),
      sign('<text x="14" y="14">†p2</text>', "is told that p2 crashed"),
      "<h3>keys</h3><p><kbd>↓</kbd> <kbd>↑</kbd> next, previous event<br><kbd>→</kbd> <kbd>←</kbd> the same at this process<br>" +
      "<kbd>v</kbd> the violation<br><kbd>c</kbd> causal past<br><kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> zoom<br><kbd>Home</kbd> <kbd>End</kbd> first, last</p>",
    ].join("");
  }

  function listen() {
    const stage = $("stage");
    let waiting = false;
    stage.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; draw(); });
    }, { passive: true });
    addEventListener("resize", () => measure());
    document.addEventListener("keydown", (key) => {
      if (key.ctrlKey || key.metaKey || key.altKey || key.target.matches("input, textarea")) return;
      const action = KEYS[key.key];
      if (!action) return;
      key.preventDefault();
      action();
    });
    const target = (event) => {
      const found = event.target.closest?.("[data-place], [data-message]");
      if (!found) return {};
      if (found.dataset.place) return { place: +found.dataset.place };
      return { place: messages[+found.dataset.message].sent, index: +found.dataset.message };
    };
    $("drawing").addEventListener("click", (event) => {
      const { place, index } = target(event);
      if (place === undefined) return;
      select(place, { scroll: false });
      if (index !== undefined) { message = index; draw(); } else setPast(true);
    });
    $("drawing").addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      hovered = target(event).place ?? null;
      tell();
    });
    $("drawing").addEventListener("pointerleave", () => { hovered = null; tell(); });
    $("details").addEventListener("click", ({ target }) => {
      if (target.dataset.go !== undefined) select(+target.dataset.go);
    });
    document.addEventListener("click", ({ target }) => {
      document.querySelectorAll(".menu[open]").forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
    });
    const on = (id, action) => $(id).addEventListener("click", action);
    on("previous", () => step(-1));
    on("next", () => step(1));
    on("wrong", () => select(ending.wrong));
    on("in", () => setZoom(zoom * 1.25));
    on("out", () => setZoom(zoom / 1.25));
    on("past", () => setPast(!past));
    on("theme", () => setTheme(THEMES[(THEMES.indexOf($("theme").textContent.slice(7)) + 1) % THEMES.length]));
    addEventListener("beforeprint", () => draw(true));
    addEventListener("afterprint", () => { drawn = ""; draw(); });
  }

  $("title").textContent = data.title;
  $("about").textContent = data.about ?? "";
  $("ending").textContent = ending.text;
  $("ending").classList.toggle("bad", ending.wrong !== null);
  $("wrong").disabled = ending.wrong === null;
  $("legend").innerHTML = legend();
  choices($("processes"), active.slice(0, COLUMNS_MAX), shownProcesses, name, (process) => plural((ofProcess.get(process) ?? []).length, "event"));
  choices($("kinds"), [...kinds.keys()].sort(), shownKinds, (kind) => kind, (kind) => kinds.get(kind).toLocaleString("en"));
  arrange();
  document.body.dataset.rows = rows.length;
  listen();
  select(ending.wrong ?? rows[0] ?? null, { say: false });
  $("stage").focus({ preventScroll: true });
})();
