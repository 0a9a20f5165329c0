import { Router } from 'express'
import type { Orders } from './orders.ts'

/** For administrators. */
export function reportRoutes(orders: Orders): Router {
  const router = Router()
  router.get('/sales', (_req, res) => {
    const sales: Record<string, number> = {}
    for (const { productId, cents } of orders.all()) {
      sales[productId] = (sales[productId] ?? 0) + cents
    }
    res.json({ sales })
  })
  return router
}
