// Results as markdown, for people.

const number = (value) => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value
    .toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replaceAll(',', ' ');
};

const table = (header, rows) => {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const ruler = header.map((_, column) => (column === 0 ? '---' : '---:'));
  return [header, ruler, ...rows].map(line).join('\n');
};

const columnsOf = ({ amountName, unit, isMoreBetter, isMemoryWatched, standard, moreColumns = [] }) => [
  { title: 'way', cell: ({ name, kind }) => (kind === 'procctl' ? `**${name}**` : name) },
  ...(amountName === undefined
    ? []
    : [{ title: amountName, cell: ({ amount }) => amount.toLocaleString('en-GB').replaceAll(',', ' ') }]),
  { title: `median, ${unit}`, cell: ({ median }) => number(median) },
  { title: 'min–max', cell: ({ min, max }) => `${number(min)}–${number(max)}` },
  ...(standard === undefined
    ? []
    : [
        { title: `× ${standard} (${isMoreBetter ? 'more' : 'less'} is better)`, cell: ({ ratio }) => ratio.toFixed(2) },
      ]),
  ...(isMemoryWatched
    ? [
        {
          title: 'max RSS, MiB',
          cell: ({ peakRssBytes }) => (peakRssBytes === undefined ? '' : number(peakRssBytes / 2 ** 20)),
        },
      ]
    : []),
  ...moreColumns.map((title) => ({
    title,
    cell: ({ more }) => (more?.[title] === undefined ? '' : number(more[title])),
  })),
];

const figure = ({ measured, against, unit }) =>
  against === undefined ? `${number(measured)}${unit ? ` ${unit}` : ''}` : `${measured.toFixed(2)} × ${against}`;

const verdict = (goal) =>
  goal.measured === undefined ? 'not measured' : `${goal.isMet ? 'met' : '**missed**'}: ${figure(goal)}`;

/** All goals of a run, each with what was measured. */
export const goalsSection = (works) => {
  const rows = works.flatMap(({ name, goals }) => goals.map((goal) => [`\`${name}\``, goal.text, verdict(goal)]));
  return `## Goals\n\n${table(['benchmark', 'goal', 'measured'], rows)}\n`;
};

/** One benchmark: its title, what is measured, and a row for each way. */
export const workSection = (result) => {
  const columns = columnsOf(result);
  const rows = result.rows.map((row) => columns.map(({ cell }) => cell(row)));
  const body = table(
    columns.map(({ title }) => title),
    rows,
  );
  const goals = result.goals.map((goal) => `Goal: ${goal.text}; ${verdict(goal)}.\n`);
  const load = `\`${result.name}\`, load before: ${result.loadBefore}.\n`;
  return [`## ${result.title}\n`, `${result.about}\n`, `${body}\n`, load, ...goals].join('\n');
};

/** Where the numbers are from. */
export const headSection = ({ machine, tools, startedAt, loadBefore }) => {
  const versions = Object.entries(tools).map(([tool, version]) =>
    version.includes(tool) ? version : `${tool} ${version}`,
  );
  return [
    `${machine.cpu}, ${machine.cores} cores, ${number(machine.memoryBytes / 2 ** 30)} GiB; ${machine.kernel}.`,
    `${versions.join('; ')}.`,
    `${startedAt}, load before: ${loadBefore}. Medians of runs made in turn; procctl's start-up is part of its times.`,
    '',
  ].join('\n');
};
