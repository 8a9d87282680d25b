export { paintedPrefixes } from '../render/log-prefixes.ts';
