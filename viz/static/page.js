"use strict";
// The offline page: drawing, claims panel, filters, addresses. Texts of the data only ever become text nodes.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("scene").textContent);
  if (!data.edges.length) {
    document.documentElement.dataset.ready = "1";
    return;
  }

  // ---------------------------------------------------------------- the document as it came
  // Address targets are taken out of the document: with a script running, an address opens the panel, and the
  // browser must not scroll to the same place among the collapsed claims.
  const at = new Map();
  for (const element of document.querySelectorAll("[id^='edge='],[id^='path='],[id^='claim=']")) {
    at.set(element.id, element);
    element.removeAttribute("id");
  }
  for (const id of ["filters", "explorer", "grouping"]) if (byId(id)) byId(id).hidden = false;

  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  const edges = new Map(data.edges.map((edge) => [edge.id.slice(2), edge]));
  const paths = new Map(data.paths.map((path) => [path.id, path]));
  const dossiers = new Map([...edges.keys()].map((id) => [id, at.get(`edge=${id}`)]));
  const rows = new Map([...document.querySelectorAll("#relations tbody tr")].map((row) => [row.dataset.edge, row]));
  const items = new Map([...document.querySelectorAll("li.path")].map((item) => [item.dataset.path, item]));
  const claimHome = new Map();
  for (const [id, dossier] of dossiers)
    for (const card of dossier.querySelectorAll("[data-claim]"))
      if (!claimHome.has(card.dataset.claim)) claimHome.set(card.dataset.claim, id);

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text != null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const isolated = (text) => make("bdi", text);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const narrow = matchMedia("(max-width: 60rem)");

  // ---------------------------------------------------------------- filters
  const FIRST = 8; // paths listed before the reader asks for all
  let all = paths.size <= FIRST + 2;
  let ranked = []; // paths that pass the filters, listed yet or not
  const left = { edges: [], nodes: [] }; // what passes the filters and belongs to a listed path
  const shown = { edges: new Set(), nodes: new Set() }; // that, and what the reader asked for by name
  const showAlso = (moreEdges, moreNodes) => {
    shown.edges = new Set([...left.edges, ...moreEdges]);
    shown.nodes = new Set([...left.nodes, ...moreNodes]);
  };
  const texts = new Map();
  const textOf = (id) => {
    if (!texts.has(id)) texts.set(id, dossiers.get(id).textContent.toLowerCase());
    return texts.get(id);
  };
  const value = (id) => byId(id)?.value ?? "";

  /** Works out what the filters leave, and shows it in the lists; the drawing follows with `repaint`. */
  const sift = () => {
    const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
    const boxes = [...document.querySelectorAll("input[name='standing']")];
    const standings = new Set(boxes.filter((input) => input.checked).map((input) => input.value));
    const kind = value("kind"), target = value("target"), relation = value("relation");
    const passes = (id) => {
      const edge = edges.get(id);
      return (!boxes.length || standings.has(edge.standing)) && (!relation || edge.phrase === relation);
    };
    const kept = data.paths.filter((path) => (!kind || path.kind === kind) && (!target || path.target === target)
      && path.edges.every(passes)
      && words.every((word) => path.edges.some((id) => textOf(id).includes(word))));
    ranked = kept.map((path) => path.id);
    const listed = all || words.length || kind || target ? kept : kept.slice(0, FIRST);
    const listedIds = new Set(listed.map((path) => path.id));
    for (const [id, item] of items) item.hidden = !listedIds.has(id);
    left.edges = paths.size
      ? listed.flatMap((path) => path.edges)
      : [...edges.keys()].filter((id) => passes(id) && words.every((word) => textOf(id).includes(word)));
    left.nodes = left.edges.flatMap((id) => [edges.get(id).from, edges.get(id).to]);
    if (nodes.has(`n:${data.focus}`)) left.nodes.push(`n:${data.focus}`);
    showAlso([], []);
    for (const [id, row] of rows) row.hidden = !shown.edges.has(id);
    const more = byId("more");
    if (more) {
      more.hidden = listed.length === kept.length;
      more.textContent = `Show all ${kept.length} paths`;
    }
    byId("shown").textContent = (paths.size ? `${listed.length} of ${paths.size} paths, ` : "")
      + `${shown.edges.size} of ${edges.size} relations`;
    regroup();
  };

  let grouped = "";
  const regroup = () => {
    const by = value("group");
    if (!byId("groups") || (!by && !grouped)) return;
    grouped = by;
    const groups = new Map();
    for (const [id, item] of items) {
      const key = by ? paths.get(id)[by] : "";
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(item);
    }
    const names = new Map([...(byId(by)?.options ?? [])].map((option) => [option.value, option.textContent]));
    byId("groups").replaceChildren(...[...groups].flatMap(([key, members]) => {
      const list = make("ol", null, { class: "list" });
      list.append(...members);
      if (!by || members.every((item) => item.hidden)) return [list];
      const name = names.get(key) ?? nodes.get(`n:${key}`)?.full ?? key.replaceAll("-", " ");
      return [make("p", name, { class: "group-name" }), list];
    }));
  };

  // ---------------------------------------------------------------- drawing
  const box = byId("drawing");
  let palette = {};
  const readPalette = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "paper", "card", "rule", "accent", "confirmed", "reported", "contested",
      "denied", "hypothetical", "opinion"]) palette[name] = style.getPropertyValue(`--${name}`).trim();
  };
  readPalette();
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

  let lit = null; // {nodes, edges} of the selection, or null: everything is lit
  const isLit = (kind, id) => !lit || lit[kind].has(id);

  // Type and lines keep a readable size while the drawing is zoomed out, as far as the rows leave room for it.
  const measurer = document.createElement("canvas").getContext("2d");
  const clipped = (text, room) => {
    if (measurer.measureText(text).width <= room) return text;
    let end = text.length;
    while (end > 1 && measurer.measureText(text.slice(0, end) + "…").width > room) end -= 1;
    return text.slice(0, end).trimEnd() + "…";
  };
  const wrapped = (text, room, most) => {
    const words = text.split(" ");
    const lines = [];
    while (words.length && lines.length < most) {
      let line = words.shift();
      const goesOn = () => lines.length === most - 1 || measurer.measureText(`${line} ${words[0]}`).width <= room;
      while (words.length && goesOn()) line += ` ${words.shift()}`;
      lines.push(clipped(line, room));
    }
    return lines;
  };
  // Widest box, as a share of the distance between columns; the last column has nothing to its right.
  const BOX = 0.68, LAST = 0.9;
  // Room above and below: of each shown box to its neighbours in the column, and of each lit one to lit ones.
  let gaps = new Map(), litGaps = new Map(), down = data.down, litDown = data.down;
  const layOut = (node, scale) => {
    const picked = lit !== null && isLit("nodes", node.id);
    const size = Math.min(Math.max(14, 12 / scale), (picked ? litDown : down) * 0.6);
    const gap = (picked ? litGaps : gaps).get(node.id) ?? data.down;
    if (size * scale < (lit && !picked ? 10 : 6) || data.across * scale < 45) {
      const dot = 7 / scale;
      return { size, lines: [], width: dot, height: dot };
    }
    const most = Math.min(3, Math.max(1, Math.floor((gap * 0.98 / size - 0.7) / 1.2)));
    const room = Math.max(150, data.across * (node.role === "end" ? LAST : BOX)) - size * 1.2;
    measurer.font = `${node.role ? 600 : 500} ${size}px ${FONT}`;
    const lines = wrapped(node.label, room, most);
    const width = Math.max(...lines.map((line) => measurer.measureText(line).width)) + size * 1.5;
    return { size, lines, width, height: size * (0.7 + 1.2 * lines.length) };
  };
  const measureGaps = (ids) => {
    const columns = new Map();
    for (const id of ids) {
      const { x } = nodes.get(id);
      if (!columns.has(x)) columns.set(x, []);
      columns.get(x).push(nodes.get(id));
    }
    const found = new Map();
    for (const column of columns.values()) {
      column.sort((a, b) => a.y - b.y);
      column.forEach((node, i) => found.set(node.id, Math.max(data.down,
        Math.min(node.y - (column[i - 1]?.y ?? -1e5), (column[i + 1]?.y ?? 1e5) - node.y))));
    }
    return found;
  };
  const least = (found) => Math.min(1e5, ...found.values());

  const outline = (context, family, left, top, width, height) => {
    context.beginPath();
    if (family === "rule") {
      const cut = Math.min(9, height / 3);
      context.moveTo(left + cut, top);
      context.lineTo(left + width - cut, top);
      context.lineTo(left + width, top + cut);
      context.lineTo(left + width, top + height - cut);
      context.lineTo(left + width - cut, top + height);
      context.lineTo(left + cut, top + height);
      context.lineTo(left, top + height - cut);
      context.lineTo(left, top + cut);
      context.closePath();
    } else {
      const radius = { firm: 7, thing: height / 2 }[family] ?? 0;
      context.roundRect(left, top, width, height, radius);
    }
  };

  const renderNode = ({ ctx, id, x, y, state }) => ({
    drawNode() {
      const node = nodes.get(id);
      const { size, lines, width, height } = layOut(node, network.getScale());
      const left = x - width / 2, top = y - height / 2;
      const asked = node.role === "asked", marked = chosen.kind === "node" && chosen.id === id;
      outline(ctx, node.family, left, top, width, height);
      ctx.fillStyle = palette.card; // a dimmed box still covers the lines behind it
      ctx.fill();
      ctx.globalAlpha = isLit("nodes", id) ? 1 : 0.3;
      if (asked) {
        ctx.fillStyle = palette.ink;
        ctx.fill();
      }
      ctx.lineWidth = (marked || state.hover ? 2.4 : node.role ? 1.7 : 1.2) * size / 14;
      ctx.strokeStyle = marked ? palette.accent : node.role ? palette.ink : palette.soft;
      ctx.stroke();
      const bar = node.family === "state" && lines.length ? size * 0.32 : 0;
      ctx.fillStyle = asked ? palette.card : palette.ink;
      if (bar) ctx.fillRect(left, top, bar, height);
      ctx.font = `${node.role ? 600 : 500} ${size}px ${FONT}`;
      ctx.textAlign = "center";
      ctx.textBaseline = "middle";
      lines.forEach((line, i) => {
        ctx.fillText(line, x + bar / 2, y + (i - (lines.length - 1) / 2) * size * 1.2 + size * 0.05);
      });
      ctx.globalAlpha = 1;
    },
  });

  const edgeLook = (id) => {
    const edge = edges.get(id);
    const on = isLit("edges", id);
    return {
      id: edge.id,
      hidden: !shown.edges.has(id),
      color: { color: palette[edge.standing], highlight: palette[edge.standing], hover: palette[edge.standing],
        opacity: on ? 1 : 0.18, inherit: false },
    };
  };

  sift();
  const visNodes = new vis.DataSet(data.nodes.map(({ id, label, x, y }) => (
    { id, label, x, y, shape: "custom", ctxRenderer: renderNode, hidden: !shown.nodes.has(id) })));
  const visEdges = new vis.DataSet(data.edges.map(({ id, from, to, title, smooth = data.curve, arrows = "to" }) => (
    { id, from, to, title, smooth, arrows, ...edgeLook(id.slice(2)) })));
  let chosen = { kind: null, id: null };
  let sizedFor = 0; // zoom that the sizes were worked out for
  const sizeAfresh = () => {
    gaps = measureGaps(shown.nodes);
    litGaps = measureGaps(lit ? lit.nodes : []);
    [down, litDown] = [least(gaps), least(litGaps)];
    sizedFor = 0;
  };
  sizeAfresh();
  const network = new vis.Network(box, { nodes: visNodes, edges: visEdges }, {
    physics: { enabled: false },
    layout: { improvedLayout: false },
    nodes: { fixed: true, borderWidth: 1 },
    edges: { arrows: { to: { scaleFactor: 0.55 } }, hoverWidth: 0.6, selectionWidth: 0 },
    interaction: { hover: data.nodes.length <= 1500, dragNodes: false, zoomView: false, tooltipDelay: 250,
      selectConnectedEdges: false, hideEdgesOnDrag: data.edges.length > 3000,
      keyboard: { enabled: true, bindToWindow: false } },
  });
  const repaint = () => {
    sizeAfresh();
    visEdges.update([...edges.keys()].map(edgeLook));
    visNodes.update([...nodes.keys()].map((id) => ({ id, hidden: !shown.nodes.has(id) })));
    network.redraw();
  };
  network.on("beforeDrawing", () => {
    // The library asks for sizes once; ours depend on the zoom. Pinned fields, see viz/web/README.md.
    const scale = network.getScale();
    if (scale !== sizedFor) {
      sizedFor = scale;
      for (const [id, node] of nodes) {
        const { width, height } = layOut(node, scale);
        const { shape } = network.body.nodes[id];
        Object.assign(shape, { width, height, customSizeWidth: width, customSizeHeight: height });
      }
    }
    const swell = Math.min(4, 1 / Math.min(1, scale));
    for (const [id, edge] of edges) {
      const { options } = network.body.edges[edge.id];
      options.width = (edge.width + (lit && isLit("edges", id) ? 0.8 : 0)) * swell;
      const dashes = data.patterns[edge.standing];
      options.dashes = dashes.length ? dashes.map((length) => length * swell * 0.9) : false;
      options.arrows.to.scaleFactor = 0.5 * swell;
    }
  });
  network.on("afterDrawing", (ctx) => {
    if (!lit || lit.edges.size > 8) return;
    const size = Math.min(11 / network.getScale(), 40);
    ctx.font = `500 ${size}px ${FONT}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    for (const id of lit.edges) {
      const line = network.body.edges[`e:${id}`];
      if (!line.connected) continue;
      const { x, y } = line.edgeType.getPoint(0.5);
      ctx.lineWidth = size * 0.45;
      ctx.strokeStyle = palette.card;
      ctx.fillStyle = palette[edges.get(id).standing];
      ctx.strokeText(edges.get(id).words, x, y);
      ctx.fillText(edges.get(id).words, x, y);
    }
  });
  box.network = network; // for whoever wants to look closer from the console, and for the tests
  const frame = box.querySelector(".vis-network");
  frame.setAttribute("role", "img");
  frame.setAttribute("aria-label",
    `Drawing of ${nodes.size} entities and ${edges.size} relations. The table of relations says the same.`);

  const fit = (ids, animate = true) => {
    const wanted = ids.map((id) => nodes.get(id)).filter(Boolean);
    if (!wanted.length || !box.clientWidth) return;
    const among = new Set(ids);
    const arcs = [...shown.edges].map((id) => network.body.edges[`e:${id}`])
      .filter((line) => line?.connected && among.has(line.from.id) && among.has(line.to.id))
      .map((line) => line.edgeType.getPoint(0.5));
    const xs = wanted.map((node) => node.x), ys = [...wanted, ...arcs].map((spot) => spot.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const before = data.across * BOX / 2, after = data.across * LAST / 2;
    let scale = Math.min((box.clientWidth - 28) / (right - left + before + after),
      (box.clientHeight - 124) / Math.max(1, bottom - top), 1.15);
    // The tools stand at the top.
    let middle = { x: (left - before + right + after) / 2, y: (top + bottom) / 2 - 18 / scale };
    const readable = 0.42;
    if (narrow.matches && scale < readable) {
      // A small screen cannot hold it all: begin at the left, where the question does.
      scale = readable;
      middle = { x: left - before + (box.clientWidth / 2 - 14) / scale, y: wanted[0].y };
    }
    network.moveTo({ position: middle, scale,
      animation: animate && !calm ? { duration: 350, easingFunction: "easeInOutQuad" } : false });
  };
  const fitShown = (animate) => fit([...shown.nodes], animate);
  const zoom = (factor) => network.moveTo({ scale: Math.min(4, Math.max(0.05, network.getScale() * factor)) });
  byId("fit").addEventListener("click", () => fitShown());
  byId("nearer").addEventListener("click", () => zoom(1.3));
  byId("farther").addEventListener("click", () => zoom(1 / 1.3));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // plain scrolling belongs to the page
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400));
  }, { passive: false });
  byId("picture").addEventListener("click", () => {
    const drawn = box.querySelector("canvas");
    const copy = document.createElement("canvas");
    copy.width = drawn.width;
    copy.height = drawn.height;
    const context = copy.getContext("2d");
    context.fillStyle = palette.card;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(drawn, 0, 0);
    copy.toBlob((blob) => {
      const link = make("a", null, { href: URL.createObjectURL(blob), download: "drawing.png" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  });

  // Nearest line within 8 pixels of the screen; the library's own tolerance shrinks with the zoom.
  const nearest = (pointer) => {
    const spot = network.DOMtoCanvas(pointer);
    let best = null, tolerance = 8 / network.getScale();
    for (const id of shown.edges) {
      const line = network.body.edges[`e:${id}`];
      if (!line?.connected) continue;
      const away = line.edgeType.getDistanceToEdge(line.from.x, line.from.y, line.to.x, line.to.y, spot.x, spot.y);
      if (away < tolerance) [best, tolerance] = [id, away];
    }
    return best;
  };
  network.on("click", ({ nodes: hit, pointer }) => {
    if (hit.length) return go("node", hit[0].slice(2), false);
    const edge = nearest(pointer.DOM);
    return edge ? go("edge", edge, false) : clear();
  });
  network.on("hoverNode", () => { box.style.cursor = "pointer"; });
  network.on("hoverEdge", () => { box.style.cursor = "pointer"; });
  network.on("blurNode", () => { box.style.cursor = ""; });
  network.on("blurEdge", () => { box.style.cursor = ""; });

  // ---------------------------------------------------------------- panel
  const panel = byId("panel"), evidence = byId("evidence"), title = byId("panel-title");
  const intro = evidence.firstElementChild;
  const link = (kind, id, text) => {
    const element = make("a", null, { href: `#${kind}=${id}` });
    element.append(isolated(text));
    return element;
  };
  const nodeLink = (id) => link("node", encodeURIComponent(id.slice(2)), nodes.get(id).label);
  const dossier = (id) => {
    const copy = dossiers.get(id).cloneNode(true);
    for (const element of copy.querySelectorAll("[id]")) element.removeAttribute("id");
    return copy;
  };
  const sentence = (id) => dossiers.get(id).querySelector("h3").textContent;
  const pathsWith = (id) => data.paths.filter((path) => path.edges.includes(id));

  const tellEdge = (id) => {
    const edge = edges.get(id);
    const body = dossier(id);
    const more = make("p", "Entities: ", { class: "soft" });
    more.append(nodeLink(edge.from), ", ", nodeLink(edge.to));
    const used = pathsWith(id);
    if (used.length) {
      more.append(used.length > 1 ? ". Paths " : ". Path ");
      used.forEach((path, i) => more.append(i ? ", " : "", link("path", path.id, String(path.rank))));
    }
    body.append(more);
    evidence.replaceChildren(body);
    return { title: "Claims", said: `${body.querySelectorAll(".claim").length} claims: ${sentence(id)}`,
      lit: { edges: new Set([id]), nodes: new Set([edge.from, edge.to]) } };
  };
  const tellNode = (id) => {
    const node = nodes.get(id);
    const every = [...edges].filter(([, edge]) => edge.from === id || edge.to === id);
    const inView = every.filter(([key]) => shown.edges.has(key));
    const around = inView.length ? inView : every;
    const list = make("ul", null, { class: "ties" });
    for (const [key] of around) {
      const item = make("li");
      const badge = dossiers.get(key).querySelector(".badge").cloneNode(true);
      item.append(badge, link("edge", key, sentence(key)));
      list.append(item);
    }
    const heading = make("h3");
    heading.append(isolated(node.full));
    const about = make("p", [node.kind, node.country].filter(Boolean).join(", "), { class: "meta" });
    evidence.replaceChildren(heading, about, list);
    return { title: "Entity", said: `${node.full}: ${around.length} relations`,
      lit: { edges: new Set(around.map(([key]) => key)),
        nodes: new Set([id, ...around.flatMap(([, edge]) => [edge.from, edge.to])]) } };
  };
  const tellPath = (id) => {
    const path = paths.get(id);
    const place = ranked.indexOf(id);
    const head = make("div", null, { class: "steps" });
    for (const [text, other] of [["‹ Previous", ranked[place - 1]], ["Next ›", ranked[place + 1]]]) {
      const step = make(other && place >= 0 ? "a" : "span", text);
      if (other && place >= 0) step.setAttribute("href", `#path=${other}`);
      head.append(step);
    }
    const back = make("a", "All paths", { href: "#paths" });
    head.append(back);
    const heading = make("h3");
    heading.append(...items.get(id).querySelector(".stops").cloneNode(true).childNodes);
    const meta = items.get(id).querySelector(".meta").cloneNode(true);
    const hops = path.edges.map((key, i) => {
      const fold = make("details", null, { class: "hop" });
      fold.open = i === path.weakest;
      const summary = make("summary");
      const body = dossier(key);
      const says = make("span", null, { class: "says" });
      says.append(isolated(sentence(key)));
      const beside = make("span", null, { class: "with" });
      beside.append(items.get(id).querySelectorAll(".hops > li")[i].querySelector(".badge").cloneNode(true));
      if (i === path.weakest && path.edges.length > 1) beside.append(make("span", "weakest step", { class: "chip" }));
      summary.append(says, beside);
      body.querySelector("h3").remove();
      body.querySelector(".meta > .badge").remove(); // the summary shows it
      fold.append(summary, body);
      return fold;
    });
    evidence.replaceChildren(head, heading, meta, ...hops);
    return { title: `Path ${path.rank} of ${paths.size}`, said: `Path ${path.rank}: ${heading.textContent}`,
      lit: { edges: new Set(path.edges), nodes: new Set(path.nodes) } };
  };

  const announce = (text) => { byId("status").textContent = text; };
  const reveal = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    if (top >= 0 && top < innerHeight * 0.35 && (bottom <= innerHeight || top < innerHeight * 0.2)) return;
    element.scrollIntoView({ block: "start", behavior: calm || !started ? "auto" : "smooth" });
  };

  // `focus`: the reader came by a link or an address, so the panel is where to go on reading.
  const show = (kind, id, focus) => {
    const known = { edge: edges.has(id), path: paths.has(id), claim: claimHome.has(id), node: nodes.has(`n:${id}`) };
    if (!known[kind]) return false;
    const wanted = kind === "claim" ? claimHome.get(id) : id;
    const told = kind === "path" ? tellPath(id) : kind === "node" ? tellNode(`n:${id}`) : tellEdge(wanted);
    chosen = { kind, id: kind === "node" ? `n:${id}` : id };
    lit = told.lit;
    showAlso(lit.edges, lit.nodes);
    title.textContent = told.title;
    panel.scrollTop = 0;
    for (const [key, item] of items) item.classList.toggle("chosen", kind === "path" && key === id);
    for (const [key, row] of rows) row.classList.toggle("chosen", lit.edges.has(key));
    repaint();
    announce(told.said);
    if (kind === "path") fit([...lit.nodes], started);
    if (focus) {
      panel.focus({ preventScroll: true });
      reveal(narrow.matches && kind !== "path" ? panel : byId("explorer"));
    } else if (narrow.matches) {
      panel.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    }
    if (kind === "claim") {
      const card = [...evidence.querySelectorAll("[data-claim]")].find((found) => found.dataset.claim === id);
      card.classList.add("chosen");
      card.scrollIntoView({ block: "nearest" });
    }
    return true;
  };
  const clear = () => {
    chosen = { kind: null, id: null };
    lit = null;
    title.textContent = "Claims";
    evidence.replaceChildren(intro);
    for (const element of [...items.values(), ...rows.values()]) element.classList.remove("chosen");
    history.replaceState(null, "", location.pathname + location.search);
    filter();
  };

  // ---------------------------------------------------------------- addresses
  const decoded = (kind, text) => {
    try {
      return kind === "node" || kind === "claim" ? decodeURIComponent(text) : text;
    } catch {
      return text;
    }
  };
  const named = (hash) => {
    const found = /^#(edge|path|claim|node)=(.+)$/.exec(hash);
    return found ? [found[1], decoded(found[1], found[2])] : [null, null];
  };
  let quiet = 0; // changes of address still to be told of that are our own and already carried out
  const go = (kind, id, focus) => {
    if (!show(kind, id, focus)) return false;
    const wanted = `#${kind}=${kind === "node" || kind === "claim" ? encodeURIComponent(id) : id}`;
    if (location.hash !== wanted) {
      quiet += 1;
      location.hash = wanted;
    }
    return true;
  };
  const follow = () => show(...named(location.hash), true);
  addEventListener("hashchange", () => {
    if (quiet) quiet -= 1;
    else follow();
  });
  // A link of the page is carried out at once: the browser tells of a new address only later, and of the same
  // address again not at all.
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[href^='#']");
    if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (go(...named(anchor.getAttribute("href")), true)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen.kind && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) clear();
  });

  // ---------------------------------------------------------------- filter controls
  const filter = () => {
    sift();
    repaint();
  };
  byId("filters").addEventListener("input", filter);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(() => { // after the controls have gone back
    all = paths.size <= FIRST + 2;
    filter();
    fitShown();
  }));
  byId("search").addEventListener("change", () => {
    const wanted = value("search").toLowerCase();
    const hit = data.nodes.find((node) => node.full.toLowerCase() === wanted);
    if (hit && shown.nodes.has(hit.id)) go("node", hit.id.slice(2), false);
  });
  byId("group")?.addEventListener("change", regroup);
  byId("more")?.addEventListener("click", () => {
    all = true;
    filter();
    fitShown();
  });
  for (const node of data.nodes.slice(0, 1000)) byId("labels").append(make("option", null, { value: node.full }));

  // ---------------------------------------------------------------- light, dark, paper
  const recolour = () => { readPalette(); repaint(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  matchMedia("print").addEventListener("change", recolour);
  let wasOpen = false;
  addEventListener("beforeprint", () => { wasOpen = byId("all").open; byId("all").open = true; recolour(); });
  addEventListener("afterprint", () => { byId("all").open = wasOpen; recolour(); });
  addEventListener("resize", () => {
    if (!chosen.kind) fitShown(false);
    else if (chosen.kind === "path") fit([...lit.nodes], false);
  });

  // ---------------------------------------------------------------- start
  let started = false;
  fitShown(false);
  follow();
  started = true;
  network.once("afterDrawing", () => {
    performance.mark("ready");
    document.documentElement.dataset.ready = "1";
  });
  network.redraw();
})();
