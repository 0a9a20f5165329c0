// Targets: what the suite attacks. One Countersign behind three doors: the program as a process of its own, and the
// library inside a real Express application, before and after the host's own body parser. A test sees nothing of them
// but a port, and what an operator sees: the log, the database file, the audit events.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import type { AuditEvent, ClaimsHook } from '@countersign/server'
import { mountInExpress } from './express.fixture.ts'
import { launchProgram } from './program.fixture.ts'

export type Door = 'program' | 'express' | 'express after json'

/** Variables of the environment, as README.md lists them. */
export type Variables = Readonly<Record<string, string>>

export interface Target {
  readonly door: Door
  readonly port: number
  /** As clients are told: the issuer, and the origin of the pages. */
  readonly publicUrl: string
  readonly administrator: { readonly username: string; readonly password: string }
  readonly databaseFile: string
  /** Everything that was logged so far. */
  log(): string
  stop(): Promise<void>
}

/** What only a host of the library can pass in. */
export interface HostParts {
  readonly clock?: () => number
  readonly onEvent?: (event: AuditEvent) => void
  readonly claims?: ClaimsHook
}

export interface StartedDoor {
  readonly port: number
  log(): string
  stop(): Promise<void>
}

export const everyDoor: readonly Door[] = ['program', 'express', 'express after json']

/** Doors whose request bodies reach us as they were sent: a host's parser forgets duplicates before we look. */
export const ownParserDoors: readonly Door[] = ['program', 'express']

const titles: Readonly<Record<Door, string>> = {
  program: 'the program',
  express: 'the library in Express',
  'express after json': 'the library in Express, after express.json()',
}

// Tests of limits set their own; nobody else should meet one.
const withoutLimits: Variables = {
  RATE_LIMIT_ANONYMOUS: '1000000/1h',
  RATE_LIMIT_USER: '1000000/1h',
  RATE_LIMIT_LOGIN: '1000000/1h',
  RATE_LIMIT_ACCOUNT: '1000000/1h',
  RATE_LIMIT_REGISTER: '1000000/1h',
  RATE_LIMIT_MAIL: '1000000/1h',
}

export async function startTarget(
  door: Door,
  variables: Variables = {},
  parts: HostParts = {},
): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-conformance-'))
  const administrator = { username: newName(), password: newPassword() }
  const databaseFile = join(directory, 'data/countersign.db')
  const all: Variables = {
    ...withoutLimits,
    DATABASE_URL: `sqlite:${databaseFile}`,
    ADMIN_USERNAME: administrator.username,
    ADMIN_PASSWORD: administrator.password,
    ...variables,
  }
  const started =
    door === 'program'
      ? await launchProgram(directory, all)
      : await mountInExpress(all, { ...parts, parsesBodies: door === 'express after json' })
  const { port } = started
  return {
    door,
    port,
    publicUrl: variables['PUBLIC_URL'] ?? `http://localhost:${port}`,
    administrator,
    databaseFile: all['DATABASE_URL']?.slice('sqlite:'.length) ?? databaseFile,
    log: () => started.log(),
    stop: async () => {
      await started.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs the same tests behind each door; all tests of one door share one server. */
export function behindEachDoor(
  options: {
    readonly doors?: readonly Door[]
    readonly variables?: Variables
    readonly parts?: HostParts
  },
  define: (target: () => Target) => void,
): void {
  for (const door of options.doors ?? everyDoor) {
    // One after the other even where suites run at once: the tests of one door share its server.
    describe(titles[door], { concurrency: false }, () => {
      define(useTarget(door, options.variables, options.parts))
    })
  }
}

/** A target for the tests of the file or of the surrounding `describe`. */
export function useTarget(door: Door, variables?: Variables, parts?: HostParts): () => Target {
  let target: Target | undefined
  before(async () => {
    target = await startTarget(door, variables, parts)
  })
  after(async () => {
    await target?.stop()
  })
  return () => {
    if (target === undefined) throw new Error('The target is used before it is started.')
    return target
  }
}

/** Random, so that no test meets another's user. */
export function newName(): string {
  return `u${randomBytes(8).toString('hex')}`
}

export function newPassword(): string {
  return `phrase ${randomBytes(9).toString('base64url')}`
}
