import type { Countersign } from '@countersign/server'
import { expressGuards } from '@countersign/server/express'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { catalogueRoutes } from './catalogue.ts'
import { orderRoutes, type Orders, shippingRoutes } from './orders.ts'
import { reportRoutes } from './reports.ts'

export function createApplication(auth: Countersign, orders: Orders): Express {
  const { requireAuth, requireRole } = expressGuards(auth)
  const app = express()
  app.disable('x-powered-by')
  app.use('/api', auth.handler)
  app.use(express.json({ limit: '10kb' }))

  app.use('/catalogue', catalogueRoutes())
  app.use('/orders', requireAuth, orderRoutes(orders))
  app.use('/shipping', requireRole('clerk', 'admin'), shippingRoutes(orders))
  app.use('/reports', requireRole('admin'), reportRoutes(orders))

  app.use((_req, res) => {
    res.status(404).json({ message: 'Resource not found' })
  })
  app.use(reportError)
  return app
}

// Express knows an error handler by its four parameters.
const reportError: ErrorRequestHandler = (error, req, res, _next) => {
  const status = Number(error?.status ?? 500)
  if (status >= 500) console.error(`${req.method} ${req.originalUrl}`, error)
  res.status(status).json({ message: status >= 500 ? 'Internal server error' : error.message })
}
