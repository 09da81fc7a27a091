import * as Plot from '@observablehq/plot';
import type { AveragePlot, Chart, Curve, RuleBars } from './plot-data.ts';

/** Text, lines and grid follow the page's colours, and so its light or dark scheme. */
const COLOURS: Record<Curve['kind'], string> = {
  old: 'var(--old)',
  new: 'var(--new)',
  'not converted': 'var(--neither)',
  'old - new': 'var(--ink)',
};
const DASHES: Partial<Record<Curve['kind'], string>> = { new: '5 4', 'not converted': '2 3' };

const AGE = 'age of a sample, in samples';
const SEEN = 'samples seen';

/** 12K, .25, 2E-5: short enough for an axis on a phone. An axis can hold -0; 0 is added to it. */
function compact(x: number): string {
  const small = x !== 0 && Math.abs(x) < 1e-3;
  const text = (x + 0).toLocaleString('en', {
    notation: small ? 'scientific' : 'compact',
    maximumSignificantDigits: 3,
  });
  return text.replaceAll('-', '−');
}

function curve({ kind, points }: Curve, shape: 'linear' | 'step-after' = 'linear') {
  return Plot.line(points as [number, number][], {
    stroke: COLOURS[kind],
    // The old curve is broad, so that it shows where the new one lies on it.
    strokeWidth: kind === 'old' ? 3 : 1.6,
    curve: shape,
    ...(DASHES[kind] ? { strokeDasharray: DASHES[kind] } : {}),
  });
}

interface Frame {
  readonly width: number;
  readonly x: string;
  readonly y: string;
  readonly description: string;
  readonly logarithmic?: boolean;
}

function frame({ width, x, y, description, logarithmic = false }: Frame, marks: Plot.Markish[]) {
  return Plot.plot({
    width,
    height: Math.max(200, Math.min(280, width * 0.45)),
    marginLeft: 62,
    marginTop: 30,
    marginBottom: 40,
    style: { background: 'none', color: 'inherit', fontSize: '13px', overflow: 'visible' },
    x: { label: x, ticks: Math.max(3, Math.floor(width / 110)), tickFormat: compact },
    y: {
      label: y,
      grid: true,
      ticks: 5,
      tickFormat: compact,
      ...(logarithmic ? { type: 'log' as const } : {}),
    },
    ariaLabel: description,
    marks,
  });
}

function draw(figures: AveragePlot, part: string, width: number, description: string) {
  if (part === 'kernels')
    return frame(
      { width, x: AGE, y: 'weight of a sample', description },
      figures.kernels.map((k) => curve(k, 'step-after')),
    );
  if (part === 'trajectories')
    return frame({ width, x: SEEN, y: 'average', description }, [
      Plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.4 }),
      ...figures.trajectories.map((t) => curve(t)),
    ]);
  const band = figures.band.map(([x, height]) => ({ x, low: -height, high: height }));
  return frame({ width, x: SEEN, y: 'old − new', description }, [
    Plot.areaY(band, { x: 'x', y1: 'low', y2: 'high', fill: 'var(--band)' }),
    Plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.4 }),
    curve(figures.difference),
  ]);
}

function drawChart(chart: Chart, width: number, description: string) {
  const { x, y, logarithmic, curves, band = [] } = chart;
  const areas = band.map(([at, low, high]) => ({ at, low, high }));
  return frame({ width, x, y, description, ...(logarithmic ? { logarithmic } : {}) }, [
    Plot.areaY(areas, { x: 'at', y1: 'low', y2: 'high', fill: 'var(--band)' }),
    ...(logarithmic ? [] : [Plot.ruleY([0], { stroke: 'currentColor', strokeOpacity: 0.4 })]),
    ...curves.map((one) => curve(one)),
  ]);
}

/** Room for a letter of a label, in pixels: more than the mean of any sans-serif at this size. */
const LETTER = 7.5;

function drawBars({ bars }: RuleBars, width: number, description: string) {
  const colour = ({ inUse }: RuleBars['bars'][number]) => (inUse ? 'var(--new)' : 'var(--old)');
  return Plot.plot({
    width,
    marginLeft: Math.min(width / 2, 14 + LETTER * Math.max(0, ...bars.map(({ rule }) => rule.length))),
    marginBottom: 45,
    style: { background: 'none', color: 'inherit', fontSize: '13px' },
    x: { label: 'distance of the loss path', grid: true, ticks: Math.max(3, Math.floor(width / 130)) },
    y: { label: null },
    ariaLabel: description,
    marks: [
      Plot.barX(bars, { x: 'distance', y: 'rule', fill: colour, sort: { y: 'x' } }),
      Plot.ruleY(bars, {
        y: 'rule',
        x1: (d: RuleBars['bars'][number]) => d.distance - d.error,
        x2: (d: RuleBars['bars'][number]) => d.distance + d.error,
      }),
    ],
  });
}

function read<T extends { id: string }>(element: string): Map<string, T> {
  const text = document.getElementById(element)?.textContent ?? '[]';
  return new Map((JSON.parse(text) as T[]).map((item) => [item.id, item]));
}

const figures = read<AveragePlot>('figures');
const bars = read<RuleBars>('bars');
const charts = read<Chart>('charts');

for (const place of document.querySelectorAll<HTMLElement>('[data-figure]')) {
  const { figure = '', part = '', description = '' } = place.dataset;
  let drawn = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width === drawn || width === 0) return;
    drawn = width;
    const one = figures.get(figure);
    const several = bars.get(figure);
    const chart = charts.get(figure);
    const plot = one
      ? draw(one, part, width, description)
      : several
        ? drawBars(several, width, description)
        : chart && drawChart(chart, width, description);
    if (!plot) return;
    plot.setAttribute('role', 'img');
    place.replaceChildren(plot);
  }).observe(place);
}

// Inside another page, which cannot look into this one, it says how high it is.
function tellHeight(): void {
  parent.postMessage({ height: document.body.offsetHeight }, '*');
}
if (parent !== window) {
  // A frame out of sight is not watched.
  tellHeight();
  new ResizeObserver(tellHeight).observe(document.body);
}
