// The least that a function can do: a task of procctl, and a sandboxed processor of BullMQ.
export default async () => {};
