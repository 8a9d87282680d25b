/** What Redis refuses for now is tried again after so long. */
const AGAIN_MS = 1_000;

/**
 * Takes a step in Redis until it is taken.
 *
 * @param step that may be repeated: taken once, it changes nothing more
 * @param isRefusal whether an error says that Redis takes nothing for now
 */
export const insist = async <T>(step: () => Promise<T>, isRefusal: (error: Error) => boolean): Promise<T> => {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!isRefusal(error as Error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
};
