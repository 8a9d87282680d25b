// Draws how far procctl is ahead of the best peer of each benchmark: `node bench/charts.mjs REPORT.json... > chart.svg`.
// REPORT.json is what `npm run bench -- --json REPORT.json` has written; of several, the later ones win. Apache ECharts
// draws; bench/setup.sh installs it beside the peers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { peersFolder } from './lib/tools.mjs';

const BAR_PX = 22;
const COLOURS = { ahead: '#2da44e', behind: '#d4730a', ink: '#57606a', faint: '#d0d7de' };

/** @returns how many times better the best of procctl's ways is than the best peer; undefined without a peer */
const leadOf = ({ title, isMoreBetter, rows }) => {
  const bestOf = (kind) =>
    rows
      .filter((row) => row.kind === kind)
      .toSorted((a, b) => (isMoreBetter ? b.median - a.median : a.median - b.median))[0];
  const [ours, peer] = [bestOf('procctl'), bestOf('peer')];
  if (ours === undefined || peer === undefined) return undefined;
  const times = isMoreBetter ? ours.median / peer.median : peer.median / ours.median;
  return { title: title.replaceAll('`', ''), peer: peer.name, times };
};

const optionOf = (leads) => ({
  animation: false,
  title: {
    text: 'procctl against the best peer of each benchmark',
    subtext: 'how many times better; green is ahead',
    textStyle: { color: COLOURS.ink, fontSize: 15 },
    subtextStyle: { color: COLOURS.ink },
  },
  // Widths of texts are not known here, so there is room for the longest.
  grid: { left: 400, right: 200, top: 60, bottom: 30 },
  xAxis: {
    // Of doublings, not of times: so a bar begins at "as good as", on either side of it.
    type: 'value',
    minInterval: 1,
    // Room for what is written in front of the longest bar behind.
    min: ({ min }) => Math.floor(Math.min(0, min)) - 2,
    axisLabel: { color: COLOURS.ink, formatter: (doublings) => `${2 ** doublings} ×` },
    splitLine: { lineStyle: { color: COLOURS.faint, opacity: 0.5 } },
  },
  yAxis: {
    type: 'category',
    inverse: true,
    data: leads.map(({ title }) => title),
    axisLabel: { color: COLOURS.ink },
    axisTick: { show: false },
    axisLine: { show: false },
  },
  series: {
    type: 'bar',
    data: leads.map(({ times, peer }) => ({
      value: Math.log2(times),
      itemStyle: { color: times >= 1 ? COLOURS.ahead : COLOURS.behind },
      label: {
        show: true,
        position: times >= 1 ? 'right' : 'left',
        color: COLOURS.ink,
        formatter: `${times.toFixed(times < 10 ? 2 : 0)} × ${peer}`,
      },
    })),
  },
});

const works = new Map();
for (const file of process.argv.slice(2)) {
  for (const work of JSON.parse(readFileSync(file, 'utf8')).works) works.set(work.name, work);
}
const leads = [...works.values()]
  .map(leadOf)
  .filter((lead) => lead !== undefined)
  .toSorted((a, b) => b.times - a.times);
if (leads.length === 0) {
  process.stderr.write('charts: no benchmark with a peer; usage: node bench/charts.mjs REPORT.json... > chart.svg\n');
  process.exit(2);
}
const echarts = createRequire(join(peersFolder, 'package.json'))('echarts');
const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1100, height: 80 + BAR_PX * leads.length });
chart.setOption(optionOf(leads));
const svg = chart.renderToSVGString();
chart.dispose();
process.stdout.write(`${svg}\n`, () => process.exit(0));
