// The three-step rule as one who holds tokens sees it: told by what was presented and what was answered, without a row,
// a parent or a swap. The model compares the real flows with it.

export interface Lives {
  readonly idleMs: number
  readonly maxMs: number
  readonly windowMs: number
}

/** One session. Tokens are told apart by their generation. */
export interface Lineage {
  /** The token whose use was accepted last; undefined before the first use. */
  readonly accepted: number | undefined
  /** The token that was answered to it, or that the log-in gave. */
  readonly answered: number
  /** The clock of the instance that made that answer. */
  readonly answeredAt: number
  readonly createdAt: number
  readonly ended: { readonly at: number; readonly by: 'theft' | 'sign-out' } | undefined
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly generation: number }
  | { readonly kind: 'theft' }
  | { readonly kind: 'ended'; readonly forMs: number }
  | { readonly kind: 'expired' }

export interface Step {
  readonly verdict: Verdict
  readonly next: Lineage
}

/**
 * What the use of a token must bring. Two tokens are alive at any time, the last accepted and its answer, and they are
 * one branch; one that a restored database has forgotten continues it; every other ends the session.
 *
 * @param errorMs how much later than the lineage tells this use may be
 */
export function use(
  lineage: Lineage,
  generation: number,
  now: number,
  lives: Lives,
  errorMs: number,
): Step {
  if (lineage.ended) {
    return { verdict: { kind: 'ended', forMs: now - lineage.ended.at }, next: lineage }
  }
  const sinceAnswerMs = now - lineage.answeredAt + errorMs
  const ageMs = now - lineage.createdAt + errorMs
  if (sinceAnswerMs >= lives.idleMs || ageMs >= lives.maxMs) {
    return { verdict: { kind: 'expired' }, next: lineage }
  }
  const accept = (answered: number): Step => ({
    verdict: { kind: 'accepted', generation: answered },
    next: { ...lineage, accepted: generation, answered, answeredAt: now },
  })
  if (generation >= lineage.answered) return accept(generation + 1)
  if (generation !== lineage.accepted) {
    return {
      verdict: { kind: 'theft' },
      next: { ...lineage, ended: { at: now, by: 'theft' } },
    }
  }
  if (Math.abs(sinceAnswerMs) >= lives.windowMs) return accept(lineage.answered + 1)
  return { verdict: { kind: 'accepted', generation: lineage.answered }, next: lineage }
}

export function signOut(lineage: Lineage, now: number): Lineage {
  return lineage.ended ? lineage : { ...lineage, ended: { at: now, by: 'sign-out' } }
}
