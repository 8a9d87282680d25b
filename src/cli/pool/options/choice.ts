import { Option } from 'commander';

/** An option whose argument is one of a few words. */
export const choice = (flags: string, description: string, choices: readonly string[], fallback: string): Option =>
  new Option(flags, description).choices(choices).default(fallback);
