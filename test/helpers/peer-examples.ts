// The examples of a page for those who come from other tools. The first block of shell text makes the files that the examples need.
// After it, an example is the command of another tool (or none), that of procctl, and a block `text` with what both write to
// standard output; `text in any order` if the order of its lines is left to chance.

export const PEERS = ['parallel', 'xargs', 'rush'] as const;
export type Peer = (typeof PEERS)[number];

/** Shell text, for `sh` or `bash`. */
export interface Script {
  readonly shell: string;
  readonly text: string;
}

export interface PeerExample {
  /** Line of the page where its first block begins. */
  readonly line: number;
  readonly procctl: Script;
  /** Absent: an example that the other tools have no counterpart for. */
  readonly peer: (Script & { readonly name: Peer }) | undefined;
  readonly output: string;
  readonly isInAnyOrder: boolean;
}

export interface PeerPage {
  readonly setUp: string;
  readonly examples: readonly PeerExample[];
}

interface Block extends Script {
  readonly line: number;
  readonly mark: string;
}

const SHELLS = ['sh', 'bash'];

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w*)(.*)\n((?:.*\n)*?)^```$/gm)].map(({ index, 1: language, 2: mark, 3: text }) => ({
    shell: language as string,
    mark: (mark as string).trim(),
    text: text as string,
    line: page.slice(0, index).split('\n').length,
  }));

const runs = (program: string, { text }: Script): boolean =>
  new RegExp(`(^|[|&;] |\\$\\()\\s*${program} `, 'm').test(text);

/**
 * @param page the text of the page
 * @throws Error when a block stands where it has no meaning, so that no example is left out unseen
 */
export const readPeerPage = (page: string): PeerPage => {
  const [setUp, ...blocks] = blocksOf(page).filter(({ shell }) => shell === 'text' || SHELLS.includes(shell));
  if (setUp === undefined) throw new Error('the page has no examples');
  const examples: PeerExample[] = [];
  let peer: PeerExample['peer'];
  let procctl: Block | undefined;
  for (const block of blocks) {
    const wrong = (what: string): Error => new Error(`line ${block.line}: ${what}`);
    if (block.shell === 'text') {
      if (procctl === undefined) throw wrong('an output without a command of procctl');
      const { line, text: output, mark } = block;
      if (mark !== '' && mark !== 'in any order') throw wrong(`"${mark}" means nothing`);
      examples.push({ line, procctl, peer, output, isInAnyOrder: mark !== '' });
      peer = undefined;
      procctl = undefined;
    } else if (procctl !== undefined) throw wrong('a command where the output of the one before should stand');
    else if (/\bprocctl pool\b/.test(block.text)) procctl = block;
    else {
      const name = PEERS.find((program) => runs(program, block));
      if (name === undefined || peer !== undefined) throw wrong('a command of neither procctl nor another tool');
      peer = { ...block, name };
    }
  }
  if (peer !== undefined || procctl !== undefined) throw new Error('the last example has no output');
  return { setUp: setUp.text, examples };
};
