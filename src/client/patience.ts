/** How long a question may take. A daemon that was stopped (SIGSTOP) takes connections, but never answers. */
export const ANSWER_PATIENCE_MS = 10_000;
