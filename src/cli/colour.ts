export type ColourFlag = 'auto' | 'always' | 'never';

/**
 * Whether to write in colours. NO_COLOR and FORCE_COLOR are the conventions of no-color.org and force-color.org.
 *
 * @param isTerminal whether the output goes to one; it decides when nobody has said anything
 */
export const wantsColour = (flag: ColourFlag, env: NodeJS.ProcessEnv, isTerminal: boolean): boolean => {
  if (flag !== 'auto') return flag === 'always';
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0';
  return isTerminal && TERM !== 'dumb';
};
