/**
 * Settles like `work`, or rejects when that takes longer. The work itself is not ended.
 *
 * @param late the error to reject with; made only when the time is up
 */
export async function within<T>(timeoutMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  const timeUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeUp.reject(late()), timeoutMs);
  try {
    return await Promise.race([work, timeUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}
