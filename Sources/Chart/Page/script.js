'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const VERDICTS = ['refuted', 'pending', 'depends', 'unknown', 'proved'];
  const MARKS = { refuted: '✕', pending: '…', depends: '?', unknown: '–', proved: '✓' };
  const DETAIL_LIMIT = 90, WIDTH = 220, HEIGHT = 26, COLUMN_GAP = 150, ROW_GAP = 8, BAND = 26, HEAD = 40, MARGIN = 20;
  const OUTSIDE = 'outside';
  const byId = (id) => document.getElementById(id);

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const shape = (name, attributes = {}, ...children) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const shortened = (text, limit) => (text.length <= limit ? text : text.slice(0, limit - 1) + '…');
  const rank = (verdict) => VERDICTS.indexOf(verdict);

  // A connection with all its edges, and the text that a search looks at.
  const connections = [];
  {
    const known = new Map();
    data.edges.forEach((edge, index) => {
      let connection = known.get(edge.connection);
      if (!connection) {
        connection = { name: edge.connection, edges: [], verdict: 'proved', link: edge.link, owner: edge.owner };
        known.set(edge.connection, connection);
        connections.push(connection);
      }
      connection.edges.push(index);
      if (rank(edge.verdict) < rank(connection.verdict)) connection.verdict = edge.verdict;
    });
    for (const connection of connections) {
      const words = [connection.name, connection.link, connection.owner || '', connection.verdict];
      connection.clusters = new Set();
      connection.namespaces = new Set();
      for (const index of connection.edges) {
        const edge = data.edges[index];
        words.push(edge.port);
        for (const end of [edge.from, edge.to]) {
          const place = data.places[end];
          words.push(place.name, place.namespace || '', place.cluster || '');
          if (place.cluster) connection.clusters.add(place.cluster);
          if (place.namespace) connection.namespaces.add(place.namespace);
        }
      }
      connection.text = words.join(' ').toLowerCase();
    }
    connections.sort((a, b) => rank(a.verdict) - rank(b.verdict) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  const state = { verdicts: new Set(), selected: null, shown: connections };

  // Filters

  const fill = (select, values) => {
    select.append(element('option', { value: '' }, 'all'));
    for (const value of values) select.append(element('option', { value }, value));
  };
  const union = (key) => [...new Set(connections.flatMap((connection) => [...connection[key]]))].sort();
  fill(byId('cluster'), data.clusters.map((cluster) => cluster.name));
  fill(byId('namespace'), union('namespaces'));
  fill(byId('link'), data.links.map((link) => link.name));
  byId('fleet').textContent = data.fleet;

  const chips = new Map();
  for (const verdict of VERDICTS) {
    const count = connections.filter((connection) => connection.verdict === verdict).length;
    if (!count) continue;
    const chip = element('button', { type: 'button', class: `chip ${verdict}`, 'aria-pressed': 'false' },
      element('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[verdict]), ` ${count} ${verdict}`);
    chip.addEventListener('click', () => {
      if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
      update();
    });
    chips.set(verdict, chip);
    byId('verdicts').append(chip);
  }

  const matches = (connection, words) =>
    (!state.verdicts.size || state.verdicts.has(connection.verdict))
    && (!byId('cluster').value || connection.clusters.has(byId('cluster').value))
    && (!byId('namespace').value || connection.namespaces.has(byId('namespace').value))
    && (!byId('link').value || connection.link === byId('link').value)
    && words.every((word) => connection.text.includes(word));

  const update = () => {
    const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    state.shown = connections.filter((connection) => matches(connection, words));
    for (const [verdict, chip] of chips) chip.setAttribute('aria-pressed', String(state.verdicts.has(verdict)));
    byId('count').textContent = state.shown.length === connections.length
      ? `${connections.length}` : `${state.shown.length} of ${connections.length}`;
    if (state.selected && !state.shown.includes(state.selected)) state.selected = null;
    drawList();
    drawChart();
    drawTrace();
  };

  // The list

  let rows = new Map();
  const drawList = () => {
    rows = new Map();
    const list = byId('list');
    const made = state.shown.map((connection, index) => {
      const ends = connection.edges.map((edge) => data.edges[edge]);
      const first = ends[0];
      const [from, to] = [data.places[first.from], data.places[first.to]];
      const more = ends.length > 1 ? ` and ${ends.length - 1} more` : '';
      const row = element('div', { class: 'row', role: 'option', id: `row-${index}`, 'aria-selected': 'false' },
        element('span', { class: `mark ${connection.verdict}`, 'aria-hidden': 'true' }, MARKS[connection.verdict]),
        element('span', { class: 'name' }, connection.name),
        element('span', { class: connection.verdict }, connection.verdict),
        element('span', { class: 'sub' },
          `${from.cluster || from.name} → ${to.cluster} ${to.name} ${first.port}${more}, ${connection.link}`));
      row.addEventListener('click', () => select(connection));
      rows.set(connection, row);
      return row;
    });
    if (!made.length) made.push(element('p', { class: 'notice quiet' }, 'No connection matches.'));
    list.replaceChildren(...made);
    markRow();
  };

  const markRow = () => {
    const list = byId('list');
    for (const row of list.querySelectorAll('[aria-selected=true]')) row.setAttribute('aria-selected', 'false');
    const row = rows.get(state.selected);
    if (!row) { list.removeAttribute('aria-activedescendant'); return; }
    row.setAttribute('aria-selected', 'true');
    list.setAttribute('aria-activedescendant', row.id);
    row.scrollIntoView({ block: 'nearest' });
  };

  const select = (connection) => {
    state.selected = state.selected === connection ? null : connection;
    history.replaceState(null, '', state.selected ? `#${encodeURIComponent(state.selected.name)}` : '#');
    markRow();
    light();
    drawTrace();
  };

  // The chart: a column for each cluster, a band for each namespace across all of them.

  let drawn = { edges: [], boxes: [] };
  const drawChart = () => {
    const edges = state.shown.flatMap((connection) => connection.edges.map((index) => ({ connection, edge: data.edges[index] })));
    const isGrouped = edges.length > DETAIL_LIMIT;
    byId('chart-note').textContent = isGrouped
      ? `${edges.length} lines, drawn by namespace: click one to look inside` : '';
    const used = new Set(edges.flatMap(({ edge }) => [edge.from, edge.to]));
    const places = data.places.map((place, number) => ({ ...place, number })).filter((place) => used.has(place.number));
    const titles = (places.some((place) => !place.cluster) ? [OUTSIDE] : [])
      .concat(data.clusters.map((cluster) => cluster.name)
        .filter((name) => state.shown.length === connections.length || places.some((place) => place.cluster === name)));
    const columns = titles.map((title, index) => ({ title, x: MARGIN + index * (WIDTH + COLUMN_GAP) }));
    const width = Math.max(2 * MARGIN + titles.length * WIDTH + Math.max(0, titles.length - 1) * COLUMN_GAP, 320);

    const bands = new Map();
    for (const place of places) {
      const namespace = place.namespace || '';
      if (!bands.has(namespace)) bands.set(namespace, new Map());
      const column = place.cluster || OUTSIDE;
      if (!bands.get(namespace).has(column)) bands.get(namespace).set(column, []);
      bands.get(namespace).get(column).push(place);
    }
    const backs = [], boxes = [], boxOf = new Map();
    let y = MARGIN + HEAD;
    for (const namespace of [...bands.keys()].sort()) {
      const inColumns = bands.get(namespace);
      const count = isGrouped ? 1 : Math.max(...[...inColumns.values()].map((list) => list.length));
      const height = BAND + count * (HEIGHT + ROW_GAP);
      for (const column of columns) {
        const list = inColumns.get(column.title);
        if (!list) continue;
        if (namespace) {
          backs.push(shape('rect', { class: 'band', x: column.x - 8, y, width: WIDTH + 16, height, rx: 6 }),
            shape('text', { class: 'small', x: column.x, y: y + 14 }, shortened(namespace, 34)));
        }
        if (isGrouped) {
          const services = list.filter((place) => place.kind === 'service').length;
          const box = { x: column.x, y: y + BAND - 4, kind: namespace ? 'service' : 'external', namespace,
            title: namespace ? `${services} services, ${list.length - services} clients` : `${list.length} networks` };
          boxes.push(box);
          for (const place of list) boxOf.set(place.number, box);
          continue;
        }
        list.sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
        list.forEach((place, row) => {
          const box = { x: column.x, y: y + BAND - 4 + row * (HEIGHT + ROW_GAP), kind: place.kind, title: place.name };
          boxes.push(box);
          boxOf.set(place.number, box);
        });
      }
      y += height + 2 * ROW_GAP;
    }
    const height = y + MARGIN;

    const lines = new Map(), lanes = new Map();
    for (const { connection, edge } of edges) {
      const [from, to] = [boxOf.get(edge.from), boxOf.get(edge.to)];
      const key = `${boxes.indexOf(from)} ${boxes.indexOf(to)}`;
      const lane = lanes.get(key) || 0;
      lanes.set(key, lane + 1);
      const id = isGrouped ? key : `${key} ${lane}`;
      if (!lines.has(id)) lines.set(id, { from, to, lane: isGrouped ? 0 : lane, verdict: edge.verdict, connections: new Set(), port: edge.port });
      const line = lines.get(id);
      line.connections.add(connection);
      if (rank(edge.verdict) < rank(line.verdict)) line.verdict = edge.verdict;
    }

    const svg = shape('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': describe() });
    for (const column of columns) {
      svg.append(shape('rect', { class: 'region', x: column.x - 14, y: MARGIN - 8, width: WIDTH + 28, height: height - MARGIN, rx: 8 }),
        shape('text', { class: 'head', x: column.x, y: MARGIN + 16 }, column.title));
    }
    svg.append(...backs);
    drawn = { edges: [], boxes: [] };
    for (const line of lines.values()) {
      const group = drawLine(line, isGrouped);
      drawn.edges.push({ group, line });
      svg.append(group);
    }
    for (const box of boxes) {
      const group = shape('g', { class: `box ${box.kind}${isGrouped && box.namespace ? ' group' : ''}` },
        shape('rect', { x: box.x, y: box.y, width: WIDTH, height: HEIGHT, rx: box.kind === 'client' ? 13 : 3 }),
        shape('text', { x: box.x + 10, y: box.y + 17 }, shortened(box.title, 33)),
        shape('title', {}, box.title));
      if (isGrouped && box.namespace) group.addEventListener('click', () => { byId('namespace').value = box.namespace; update(); });
      drawn.boxes.push({ group, box });
      svg.append(group);
    }
    byId('canvas').replaceChildren(svg);
    light();
  };

  const describe = () => {
    const counts = VERDICTS.map((verdict) => [verdict, state.shown.filter((connection) => connection.verdict === verdict).length])
      .filter(([, count]) => count).map(([verdict, count]) => `${count} ${verdict}`).join(', ');
    return `${state.shown.length} connections between ${data.clusters.length} clusters: ${counts}. The list beside it says the same in words.`;
  };

  const drawLine = (line, isGrouped) => {
    const goesRight = line.from.x < line.to.x;
    // Two directions between the same boxes do not lie on one another.
    const middle = HEIGHT / 2 + (isGrouped ? (goesRight ? -6 : 6) : (line.lane % 5) * 3 - 4);
    const x1 = goesRight ? line.from.x + WIDTH : line.from.x, x2 = goesRight ? line.to.x : line.to.x + WIDTH;
    const y1 = line.from.y + middle, y2 = line.to.y + middle, bend = goesRight ? 60 : -60;
    const d = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    const names = [...line.connections].map((connection) => connection.name);
    const title = names.length === 1 ? `${names[0]} ${line.port}: ${line.verdict}` : `${names.length} connections, worst: ${line.verdict}`;
    const group = shape('g', { class: `edge ${line.verdict}` }, shape('title', {}, title),
      shape('path', { class: 'hit', d }), shape('path', { class: `line ${line.verdict}`, d }),
      shape('circle', { cx: x2, cy: y2, r: 3, fill: 'currentColor' }));
    if (isGrouped && names.length > 1) {
      group.append(shape('text', { class: 'small', x: (x1 + x2) / 2, y: (y1 + y2) / 2 + (goesRight ? -4 : 13), 'text-anchor': 'middle' },
        goesRight ? `${names.length} →` : `← ${names.length}`));
    }
    group.addEventListener('click', () => {
      const [first] = line.connections;
      if (line.connections.size === 1) { if (state.selected !== first) select(first); return; }
      byId('namespace').value = data.places[data.edges[first.edges[0]].to].namespace || '';
      update();
    });
    return group;
  };

  const light = () => {
    byId('canvas').classList.toggle('focused', Boolean(state.selected));
    const lit = new Set();
    for (const { group, line } of drawn.edges) {
      const isLit = Boolean(state.selected) && line.connections.has(state.selected);
      group.classList.toggle('lit', isLit);
      if (isLit) lit.add(line.from).add(line.to);
    }
    for (const { group, box } of drawn.boxes) group.classList.toggle('lit', lit.has(box));
  };

  // The trace

  const drawTrace = () => {
    const trace = byId('trace');
    const connection = state.selected;
    if (!connection) {
      trace.replaceChildren(element('p', { class: 'quiet' },
        'Choose a connection, in the list or in the chart, to see each hop that it passes.'));
      return;
    }
    const facts = element('dl');
    const fact = (name, value) => { if (value) facts.append(element('dt', {}, name), element('dd', {}, value)); };
    fact('Verdict', connection.verdict);
    fact('Link', connection.link);
    fact('Owner', connection.owner);
    const traces = connection.edges.map((index) => data.edges[index]).map((edge) => {
      const [from, to] = [data.places[edge.from], data.places[edge.to]];
      const block = element('details', {},
        element('summary', {},
          element('span', { class: edge.verdict }, `${MARKS[edge.verdict]} ${edge.verdict} `),
          `${from.cluster || from.name} → ${to.cluster} ${to.name} ${edge.port}`));
      if (edge.verdict !== 'proved' || connection.edges.length <= 2) block.open = true;
      const hops = edge.hops.map((hop) => {
        const item = element('li', { class: hop.state },
          element('span', { class: 'hop' }, element('span', { class: 'kind' }, hop.kind), hop.text),
          element('span', { class: 'state' }, [hop.cluster, hop.state, hop.rule].filter(Boolean).join(' · ')));
        for (const reason of hop.reasons || []) item.append(element('span', { class: 'reason' }, reason));
        if (hop.place) item.append(' ', element('code', {}, hop.place));
        return item;
      });
      block.append(hops.length ? element('ol', {}, ...hops)
        : element('p', { class: 'notice quiet' }, `No model of this link's type: nothing is known of the way.`));
      return block;
    });
    trace.replaceChildren(element('h3', {}, connection.name), facts, ...traces);
    trace.scrollTop = 0;
  };

  // Keys

  byId('list').addEventListener('keydown', (event) => {
    const at = state.shown.indexOf(state.selected);
    const last = state.shown.length - 1;
    const target = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last,
      PageDown: Math.min(at + 10, last), PageUp: Math.max(at - 10, 0) }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    if (state.shown[target] !== state.selected) select(state.shown[target]);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      byId('search').focus();
    } else if (event.key === 'Escape') {
      if (state.selected) select(state.selected); else { byId('filters').reset(); }
      byId('list').focus();
    }
  });
  byId('filters').addEventListener('submit', (event) => event.preventDefault());
  byId('filters').addEventListener('input', update);
  byId('filters').addEventListener('reset', () => { state.verdicts.clear(); setTimeout(update); });

  // Light and dark: the system's choice until the reader makes one.

  const dark = matchMedia('(prefers-color-scheme: dark)');
  let chosen = null;
  const theme = () => { document.documentElement.dataset.theme = chosen || (dark.matches ? 'dark' : 'light'); };
  dark.addEventListener('change', theme);
  byId('theme').addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    theme();
  });
  theme();

  const wanted = decodeURIComponent(location.hash.slice(1));
  state.selected = connections.find((connection) => connection.name === wanted) || null;
  update();
  document.documentElement.dataset.ready = 'true';
})();
