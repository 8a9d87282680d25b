export type Yaml = string | Yaml[] | { [key: string]: Yaml };

interface Line {
  readonly indent: number;
  readonly text: string;
}

const scalar = (text: string): Yaml => {
  if (/^\[.*\]$|^".*"$/.test(text)) return JSON.parse(text) as Yaml;
  if (/^[{&*!|>'%@`"[]|: | #/.test(text)) throw new Error(`more YAML than is read here: ${text}`);
  return text;
};

const PAIR = /^([\w.-]+):(?: (.+))?$/;

const block = (lines: Line[]): Yaml => {
  const [{ indent, text }] = lines as [Line];
  const isList = text.startsWith('- ');
  const list: Yaml[] = [];
  const map: Record<string, Yaml> = {};
  while (lines[0]?.indent === indent && lines[0].text.startsWith('- ') === isList) {
    const line = lines.shift() as Line;
    if (isList) {
      const rest = line.text.slice(2);
      // An entry that is a map begins on the line of its dash.
      if (PAIR.test(rest)) lines.unshift({ indent: indent + 2, text: rest });
      list.push(PAIR.test(rest) ? block(lines) : scalar(rest));
      continue;
    }
    const [, key, value] = PAIR.exec(line.text) ?? [];
    if (key === undefined || key in map) throw new Error(`no pair, or one too many: ${line.text}`);
    const next = lines[0];
    if (value !== undefined) map[key] = scalar(value);
    else if (next !== undefined && next.indent > indent) map[key] = block(lines);
    else throw new Error(`nothing belongs to ${key}`);
  }
  if (lines[0] !== undefined && lines[0].indent >= indent) throw new Error(`wrongly indented: ${lines[0].text}`);
  return isList ? list : map;
};

/**
 * Reads the YAML that our pages use: blocks of maps and lists, lists and strings in JSON's form, comments on lines of their own,
 * several documents. Scalars stay text. Throws for anything else.
 */
export const readYaml = (text: string): Yaml[] =>
  text.split(/^---$/m).map((document) => {
    const lines = document
      .split('\n')
      .filter((line) => !/^\s*(?:#.*)?$/.test(line))
      .map((line) => ({ indent: line.search(/\S/), text: line.trim() }));
    const value = block(lines);
    if (lines.length > 0) throw new Error(`left over: ${lines[0]?.text}`);
    return value;
  });
