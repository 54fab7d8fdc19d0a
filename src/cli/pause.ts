/** Waiting that a signal ends. */

/** @param seconds 0 and less is not at all */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || seconds <= 0) return;
  await new Promise<void>((done) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      done();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal.addEventListener("abort", end, { once: true });
  });
}
