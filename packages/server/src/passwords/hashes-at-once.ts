import { availableParallelism } from 'node:os'

/**
 * How many hashes run at once: one more than cores, so that none idles between two. Hashes, the sync of the disk and DNS
 * share the threads of libuv's pool (4 unless UV_THREADPOOL_SIZE says otherwise; the program asks for cores + 3): one is
 * always left to the others, or each write would wait for a hash to end.
 */
export function hashesAtOnce(
  cores: number = availableParallelism(),
  poolSize: string | undefined = process.env['UV_THREADPOOL_SIZE'],
): number {
  const threads = Number(poolSize) || 4
  return Math.max(1, Math.min(cores + 1, threads - 1))
}
