// The three-step rule against two processes: what the library's own test of it (packages/server/src/sessions) says of two
// instances in one process, said of the program on a real database, with kills in the middle of what it does. Whatever
// happens, a session has one live branch at most, an honest client is never logged out, and a thief is caught by the next
// use of a superseded token.

import { postgresTest } from '../../../tools/postgres.fixture.ts'
import { checkHistories } from '../../server/src/sessions/model/three-step-rule.fixture.ts'
import { ProcessCluster } from './process-cluster.fixture.ts'
import { createProgram } from './program.fixture.ts'

const runs = Number(process.env['MODEL_RUNS'] ?? 25)

postgresTest(
  'the three-step rule holds in every history of two processes on PostgreSQL',
  async (t, server) => {
    const cluster = await ProcessCluster.open(createProgram(t), server)
    t.after(() => cluster.close())
    // Looking for a shorter history that fails would take many starts of processes.
    await checkHistories(cluster, { numRuns: runs, endOnFailure: true })
    t.diagnostic(`${runs} histories: ${cluster.happened}`)
  },
)
