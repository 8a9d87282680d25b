// What a benchmark is to reach, and whether it did.

/**
 * @typedef {object} Goal
 * @property {string} text of the goal, for people
 * @property {string} [label] a shorter one, for the chart
 * @property {string} way whose median counts; of `amount`, where several rows have that name
 * @property {number} [amount]
 * @property {string} [column] one of the work's `moreColumns` in the place of the median
 * @property {string} [against] the way it is divided by; absent: the number itself counts
 * @property {string} [unit] of the number itself; absent: the work's
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

const measuredOf = (rows, { way, amount, column }) => {
  const row = rows.find(({ name, amount: of }) => name === way && (amount === undefined || amount === of));
  return column === undefined ? row?.median : row?.more[column];
};

/** @returns whether it is met, and by what; neither where a way it needs was not measured */
const judge = (rows, goal) => {
  const value = measuredOf(rows, goal);
  const standard = goal.against === undefined ? 1 : rows.find(({ name }) => name === goal.against)?.median;
  if (value === undefined || standard === undefined) return { ...goal };
  const measured = value / standard;
  const isMet = goal.atLeast === undefined ? measured <= goal.atMost : measured >= goal.atLeast;
  return { ...goal, measured, isMet };
};

/** @returns each goal of a work with `measured` and `isMet`, as far as it was measured */
export const judgeGoals = ({ goals = [], rows = [], unit }) => goals.map((goal) => ({ unit, ...judge(rows, goal) }));
