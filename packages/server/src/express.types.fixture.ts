// What a user writes, to be compiled and never run: by `npm run types` against the sources, and by the test of the packed
// packages against what is published. Each @ts-expect-error is an assertion: tsc complains where there is no error.

import { type AuditEvent, type Countersign, createCountersign } from '@countersign/server'
import { expressGuards } from '@countersign/server/express'
import express, { type Express, type Request } from 'express'

// As Passport's types declare it, with a member of the host's own.
declare global {
  // oxlint-disable-next-line typescript/no-namespace -- this is how Express's types are extended
  namespace Express {
    interface User {
      tenant?: string
    }
    interface Request {
      user?: User | undefined
    }
  }
}

export async function createHost(): Promise<Express> {
  const auth: Countersign = await createCountersign({
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
    res.json({ id, name, role: req.user?.role, user: req.user?.userId, tenant: req.user?.tenant })
  })
  app.get('/reports', requireAuth, requireRole('admin'), (req: Request, res) => {
    res.json(req.user?.claims.sub)
  })
  return app
}

export async function makeMistakes(app: Express, auth: Countersign): Promise<void> {
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
  expressGuards(auth).requireRole(1)
}
