import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Journal } from './baseline-tutorial/database.ts'
import type { Answer } from './recorded-answer.ts'
import { issuer, password } from './population.ts'
import { type ServerUnderLoad, startServer } from './server-under-load.ts'

const program = join(import.meta.dirname, '../packages/countersign/bin/countersign.js')

// Raised, not switched off: every call is still counted and every log-in reserved.
const raisedLimits = {
  RATE_LIMIT_ANONYMOUS: '999999999/15m',
  RATE_LIMIT_USER: '999999999/1m',
  RATE_LIMIT_LOGIN: '999999999/15m',
  RATE_LIMIT_ACCOUNT: '999999999/1h',
}

/**
 * The real program, as an operator starts it, with its durable database in the directory.
 * @param variables another database, for example
 */
export function startCountersign(
  directory: string,
  cores: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ServerUnderLoad> {
  return startServer({
    cores,
    directory,
    command: [process.execPath, program, 'start'],
    environment: { NODE_ENV: 'production', JWT_ISSUER: issuer, ...raisedLimits, ...variables },
    firstPath: '/health/ready',
    logFile: join(directory, 'countersign.log'),
  })
}

/** Node's own HTTP server with nothing behind it: always this answer. */
export function startBareHttp(
  directory: string,
  cores: string,
  answer: Answer,
): Promise<ServerUnderLoad> {
  const answerFile = join(directory, 'answer.json')
  writeFileSync(answerFile, JSON.stringify(answer))
  return startServer({
    cores,
    directory,
    command: [process.execPath, join(import.meta.dirname, 'limits/bare-http.ts'), answerFile],
    environment: {},
    firstPath: '/',
    logFile: join(directory, 'bare-http.log'),
  })
}

const secrets = {
  access: 'the access secret of the tutorial in the bench',
  refresh: 'the refresh secret of the tutorial in the bench',
}

/** What populateTutorial() needs to know, so that startTutorial() accepts what it makes. */
export const tutorialAccounts = { password, secrets }

/** The design of the tutorials, on the same database engine. */
export function startTutorial(
  directory: string,
  cores: string,
  journal: Journal,
): Promise<ServerUnderLoad> {
  return startServer({
    cores,
    directory,
    command: [process.execPath, join(import.meta.dirname, 'baseline-tutorial/server.ts')],
    environment: {
      NODE_ENV: 'production',
      DATABASE: join(directory, `tutorial-${journal}.db`),
      JOURNAL: journal,
      JWT_SECRET: secrets.access,
      REFRESH_SECRET: secrets.refresh,
    },
    firstPath: '/',
    logFile: join(directory, `tutorial-${journal}.log`),
  })
}
