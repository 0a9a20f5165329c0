import { fileURLToPath } from 'node:url'
import type { Countersign } from '@countersign/server'
import { expressGuards } from '@countersign/server/express'
import express, { type Express } from 'express'

// Scripts from this origin alone: whatever finds its way into the page otherwise does not run.
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** @param script what the page loads as `main.js` */
export function createApplication(auth: Countersign, script: string): Express {
  const { requireAuth } = expressGuards(auth)
  const app = express()
  app.disable('x-powered-by')
  app.use('/api', auth.handler)

  app.get('/greeting', requireAuth, (req, res) => {
    res.set('cache-control', 'no-store').json({ message: `Good day, ${req.user?.username}` })
  })

  app.use((_req, res, next) => {
    res.set({
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
    })
    next()
  })
  app.get('/main.js', (_req, res) => {
    res.type('text/javascript').send(script)
  })
  app.use(express.static(fileURLToPath(new URL('page', import.meta.url))))
  return app
}
