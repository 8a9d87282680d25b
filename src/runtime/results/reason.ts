/** A system error in words, without the call that failed: `no space left on device`. */
export const reasonOf = (error: unknown): string => (error as Error).message.replace(/^\w+: |, \w+( '.*)?$/gs, '');
