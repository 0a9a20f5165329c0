import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '../../..')

// What a user writes. Each @ts-expect-error is an assertion: tsc complains where there is no error to expect.
const application = `
import express, { type Request } from 'express'
import { createCountersign, type AuditEvent } from '@countersign/server'
import { expressGuards } from '@countersign/server/express'

const auth = await createCountersign({
  roles: ['customer', 'admin'],
  claims: async ({ account }) => ({ plan: account.username }),
  onEvent: (event: AuditEvent) => console.log(event.type),
})
const { requireAuth, requireRole } = expressGuards(auth)
const app = express()
app.use('/api', auth.handler)
app.use(express.json(), requireAuth)
app.get('/orders/:id', requireAuth, (req, res) => {
  const id: string = req.params.id
  const name: string | undefined = req.user?.username
  res.json({ id, name, role: req.user?.role, user: req.user?.userId })
})
app.get('/reports', requireAuth, requireRole('admin'), async (req: Request, res) => {
  res.json(req.user?.claims.sub)
})
app.listen(3000)

app.get('/', (req) => {
  // @ts-expect-error -- a user is not there unless a guard has passed
  req.user.username.trim()
  // @ts-expect-error -- and has no such member
  return req.user?.password
})
// @ts-expect-error -- no such option
await createCountersign({ sesionIdle: '7d' })
// @ts-expect-error -- a hash is not for hooks
await createCountersign({ claims: ({ account }) => ({ hash: account.passwordHash }) })
// @ts-expect-error -- roles are names
requireRole(1)
`

// As @types/passport declares it, with a member of the host's own.
const otherTypes = `
declare global {
  namespace Express {
    interface User { tenant?: string }
    interface Request { user?: User | undefined }
  }
}
export const tenantOf = (req: Express.Request): string | undefined => req.user?.tenant
export const nameOf = (req: Express.Request): string | undefined => req.user?.username
`

test('an Express application compiles against the types', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-types-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'ES2024',
    module: 'NodeNext',
    types: ['node'],
    noEmit: true,
    allowImportingTsExtensions: true,
    customConditions: ['@countersign/source'],
    skipLibCheck: true,
  }
  const files = {
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['app.ts', 'other.ts'] }),
    'app.ts': application,
    'other.ts': otherTypes,
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  assert.equal(await compile(directory), '')
  writeFileSync(join(directory, 'app.ts'), application.replaceAll('@ts-expect-error', 'wrong'))
  const mistakes = (await compile(directory)).match(/^app\.ts/gm)
  assert.equal(mistakes?.length, 5)
})

/** What tsc has to say; nothing when all is well. */
function compile(directory: string): Promise<string> {
  const tsc = join(root, 'node_modules/.bin/tsc')
  return new Promise((settle) => {
    execFile(tsc, ['-p', directory], { cwd: directory }, (_error, out, err) => settle(out + err))
  })
}
