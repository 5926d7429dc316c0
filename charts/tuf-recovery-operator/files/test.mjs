// helm test: asks each URL given and ends well when all answer 200.
const answers = await Promise.all(
  process.argv.slice(1).map(async (url) => {
    try {
      const { status } = await fetch(url, { signal: AbortSignal.timeout(30_000) });
      console.log(`${url} answers ${status}`);
      return status === 200;
    } catch (error) {
      console.log(`${url} does not answer: ${error.cause?.message ?? error.message}`);
      return false;
    }
  }),
);
process.exitCode = answers.every(Boolean) ? 0 : 1;
