import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../stores/sql/open-sqlite-store.ts'
import { describeThreeStepRule } from './model/three-step-rule.fixture.ts'

// What a power cut would lose is another test's subject: in memory the same histories take a tenth of the time.
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const runs = Number(process.env['MODEL_RUNS'] ?? 300)

describeThreeStepRule(
  'SQLite',
  async () => {
    const directory = mkdtempSync(join(place, 'countersign-model-'))
    const file = join(directory, 'countersign.db')
    let backups = 0
    return {
      options: { databaseUrl: `sqlite:${file}` },
      openStore: (clock) => openSqliteStore({ file, clock }),
      backUp: async () => {
        const copy = `${file}.backup-${backups++}`
        copyFileSync(file, copy)
        return async () => copyFileSync(copy, file)
      },
      discard: async () => rmSync(directory, { recursive: true }),
    }
  },
  runs,
)
