// What the definitions of commands use of commander, for words that are plainly right. It explains nothing: help, mistakes and
// all forms it does not know are left to commander itself, which takes longer to load than all the rest of a short command.
// The build puts it in commander's place for quick-program.lazy.ts and quick-pool.lazy.ts, so both read the same definitions.

/** These words, or this definition, are for commander. */
export class Unsure extends Error {}

export class InvalidArgumentError extends Error {}

type Parse = (text: string, earlier: unknown) => unknown;

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

export class Option {
  readonly required: boolean;
  readonly optional: boolean;
  readonly variadic: boolean;
  readonly short: string | undefined;
  readonly long: string;
  readonly negate: boolean;
  readonly key: string;
  defaultValue: unknown;
  presetArg: unknown;
  parseArg: Parse | undefined;
  conflictsWith: readonly string[] = [];

  constructor(
    readonly flags: string,
    readonly description = '',
  ) {
    this.required = flags.includes('<');
    this.optional = flags.includes('[');
    this.variadic = /\w\.\.\.[>\]]$/.test(flags);
    const [first = '', second] = flags.split(/[ ,|]+/).filter((word) => word.startsWith('-'));
    this.long = second ?? first;
    this.short = second === undefined ? undefined : first;
    if (!/^--\w/.test(this.long) || (this.short !== undefined && !/^-\w$/.test(this.short))) throw new Unsure(flags);
    this.negate = this.long.startsWith('--no-');
    this.key = camelCase(this.long.replace(/^--(?:no-)?/, ''));
  }

  default(value: unknown, _description?: string): this {
    this.defaultValue = value;
    return this;
  }

  preset(value: unknown): this {
    this.presetArg = value;
    return this;
  }

  argParser(parse: Parse): this {
    this.parseArg = parse;
    return this;
  }

  choices(words: readonly string[]): this {
    return this.argParser((word) => {
      if (words.includes(word)) return word;
      throw new Unsure(word);
    });
  }

  conflicts(keys: string | readonly string[]): this {
    this.conflictsWith = [...this.conflictsWith, ...(typeof keys === 'string' ? [keys] : keys)];
    return this;
  }

  hideHelp(): this {
    return this;
  }

  attributeName(): string {
    return this.key;
  }
}

const eventOf = ({ long }: Option): string => `option:${long.slice(2)}`;

type Action = (...given: unknown[]) => unknown;

/** @param text null: the option's own value was left out; undefined: it takes none */
type OnOption = (text: string | null | undefined) => void;

/** What was said on the command line, ready to be acted upon. */
export interface Reading {
  readonly args: readonly unknown[];
  readonly flags: Readonly<Record<string, unknown>>;
  act(): unknown;
}

interface Argument {
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
}

const isOptionLike = (word: string): boolean => word.length > 1 && word.startsWith('-');

export class Command {
  readonly options: Option[] = [];
  readonly #name: string;
  readonly #flags: Record<string, unknown> = {};
  readonly #given = new Set<Option>();
  readonly #arguments: Argument[] = [];
  readonly #commands: Command[] = [];
  readonly #listeners = new Map<string, OnOption[]>();
  #passesThrough = false;
  #action: Action | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  name(): string {
    return this.#name;
  }

  summary(_text: string): this {
    return this;
  }

  description(_text: string): this {
    return this;
  }

  usage(_text: string): this {
    return this;
  }

  optionsGroup(_heading: string): this {
    return this;
  }

  addHelpText(_place: string, _text: string): this {
    return this;
  }

  passThroughOptions(): this {
    this.#passesThrough = true;
    return this;
  }

  argument(form: string, _description?: string, ...more: readonly unknown[]): this {
    if (more.length > 0) throw new Unsure(form);
    this.#arguments.push({ isRequired: form.startsWith('<'), isVariadic: /\.\.\.[>\]]$/.test(form) });
    return this;
  }

  option(flags: string, description: string, value?: unknown, ...more: readonly unknown[]): this {
    if (typeof value === 'function' || more.length > 0) throw new Unsure(flags);
    return this.addOption(new Option(flags, description).default(value));
  }

  addOption(option: Option): this {
    const { key, negate, defaultValue } = option;
    this.options.push(option);
    this.on(eventOf(option), (text) => this.#assign(option, text));
    if (!negate) {
      if (defaultValue !== undefined) this.#flags[key] = defaultValue;
    } else if (!this.options.some((other) => other.key === key && !other.negate)) {
      this.#flags[key] = defaultValue ?? true;
    }
    return this;
  }

  /** @param event `option:NAME` */
  on(event: string, listener: OnOption): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  emit(event: string, text: string | null | undefined): boolean {
    const listeners = this.#listeners.get(event) ?? [];
    for (const listener of listeners) listener(text);
    return listeners.length > 0;
  }

  command(name: string): Command {
    const command = new Command(name);
    this.#commands.push(command);
    return command;
  }

  /** @param key as in the flags */
  getOptionValueSource(key: string): 'cli' | 'default' {
    return [...this.#given].some((option) => option.key === key) ? 'cli' : 'default';
  }

  action(act: Action): this {
    this.#action = act;
    return this;
  }

  /**
   * Reads the words after the command's name; once for each command.
   *
   * @throws whatever it may: then the words are for commander
   */
  read(words: readonly string[]): Reading {
    if (this.#commands.length > 0) {
      const below = this.#commands.find((command) => command.name() === words[0]);
      if (below === undefined) throw new Unsure(words[0]);
      return below.read(words.slice(1));
    }
    const args = this.#argumentsOf(this.#readOptions(words));
    for (const { conflictsWith } of this.#given) {
      if ([...this.#given].some(({ key }) => conflictsWith.includes(key))) throw new Unsure(conflictsWith.join());
    }
    const act = this.#action;
    if (act === undefined) throw new Unsure(this.#name);
    return { args, flags: this.#flags, act: () => act(...args, this.#flags, this) };
  }

  /** Sets the flags; returns what is no option. */
  #readOptions(words: readonly string[]): string[] {
    const others: string[] = [];
    for (let index = 0; index < words.length; index += 1) {
      const word = words[index] as string;
      if (word === '--') return [...others, ...words.slice(index + 1)];
      if (!isOptionLike(word)) {
        if (this.#passesThrough) return [...others, ...words.slice(index)];
        others.push(word);
        continue;
      }
      const option = this.options.find(({ short, long }) => short === word || long === word);
      if (option === undefined) {
        this.#setJoined(word);
      } else if (!option.required && !option.optional) {
        this.#set(option, undefined);
      } else {
        const next = words[index + 1];
        if (option.required && next === undefined) throw new Unsure(word);
        const isValue = next !== undefined && (option.required || !isOptionLike(next));
        this.#set(option, isValue ? next : null);
        if (isValue) index += 1;
      }
    }
    return others;
  }

  /** `--size=4`, `-s4`. */
  #setJoined(word: string): void {
    const isLong = word.startsWith('--');
    const end = isLong ? word.indexOf('=') : 2;
    const name = word.slice(0, end);
    const option = this.options.find(({ short, long }) => (isLong ? long : short) === name);
    if (end < 2 || option === undefined || !option.required) throw new Unsure(word);
    this.#set(option, word.slice(isLong ? end + 1 : end));
  }

  #set(option: Option, text: string | null | undefined): void {
    // What follows it may be an option, a value, or a negative number.
    if (option.variadic) throw new Unsure(option.flags);
    this.#given.add(option);
    this.emit(eventOf(option), text);
  }

  #assign(option: Option, text: string | null | undefined): void {
    const { key, parseArg } = option;
    let value: unknown = text ?? option.presetArg ?? text;
    if (value !== null && parseArg !== undefined) value = parseArg(value as string, this.#flags[key]);
    this.#flags[key] = value ?? (option.required ? '' : !option.negate);
  }

  #argumentsOf(words: readonly string[]): unknown[] {
    const args: unknown[] = [];
    let index = 0;
    for (const { isRequired, isVariadic } of this.#arguments) {
      if (isRequired && index >= words.length) throw new Unsure(this.#name);
      args.push(isVariadic ? words.slice(index) : words[index]);
      index = isVariadic ? words.length : index + 1;
    }
    if (index < words.length) throw new Unsure(words[index]);
    return args;
  }
}
