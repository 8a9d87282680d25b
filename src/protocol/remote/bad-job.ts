/** What is wrong with a job. */
export class BadJob extends Error {}
