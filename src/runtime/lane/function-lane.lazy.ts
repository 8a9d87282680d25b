export { FunctionLane } from './function-lane.ts';
