import * as functions from './functions.mjs';
import { load } from './load.mjs';

const { default: workerpool } = await load('workerpool');
workerpool.worker({ ...functions });
