import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type Request, Router } from 'express'
import { findProduct } from './catalogue.ts'

export interface Order {
  readonly id: string
  readonly userId: string
  readonly productId: string
  readonly quantity: number
  readonly cents: number
  readonly shipped: boolean
}

export interface Orders {
  place(order: Order): void
  ofUser(userId: string): readonly Order[]
  all(): readonly Order[]
  /** Whether there is such an order. */
  ship(id: string): boolean
  close(): void
}

export function openOrders(file: string): Orders {
  const database = new DatabaseSync(file)
  database.exec(`CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, userId TEXT NOT NULL, productId TEXT NOT NULL,
    quantity INTEGER NOT NULL, cents INTEGER NOT NULL, shipped INTEGER NOT NULL)`)
  const insert = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?, ?, 0)')
  const selectOwn = database.prepare('SELECT * FROM orders WHERE userId = ? ORDER BY rowid')
  const selectAll = database.prepare('SELECT * FROM orders ORDER BY rowid')
  const ship = database.prepare('UPDATE orders SET shipped = 1 WHERE id = ?')
  return {
    place: ({ id, userId, productId, quantity, cents }) =>
      void insert.run(id, userId, productId, quantity, cents),
    ofUser: (userId) => selectOwn.all(userId).map(toOrder),
    all: () => selectAll.all().map(toOrder),
    ship: (id) => ship.run(id).changes === 1,
    close: () => database.close(),
  }
}

// SQLite has no booleans.
function toOrder(row: Record<string, unknown>): Order {
  return { ...row, shipped: row['shipped'] === 1 } as Order
}

/** For users, who see their own orders alone. Stands behind requireAuth. */
export function orderRoutes(orders: Orders): Router {
  const router = Router()
  router.get('/', (req, res) => {
    res.json({ orders: orders.ofUser(customerOf(req)) })
  })
  router.post('/', (req, res) => {
    const { productId, quantity = 1 } = req.body ?? {}
    const product = findProduct(productId)
    if (product === undefined || !Number.isInteger(quantity) || quantity < 1 || quantity > 99) {
      res.status(400).json({ message: 'Name a product, and a quantity from 1 to 99' })
      return
    }
    const cents = product.cents * quantity
    const id = randomUUID()
    const order = { id, userId: customerOf(req), productId: product.id, quantity, cents }
    orders.place({ ...order, shipped: false })
    res.status(201).json({ ...order, shipped: false })
  })
  return router
}

/** For clerks and administrators. */
export function shippingRoutes(orders: Orders): Router {
  const router = Router()
  router.post('/:id', (req, res) => {
    if (orders.ship(req.params.id)) res.status(204).end()
    else res.status(404).json({ message: 'There is no such order' })
  })
  return router
}

function customerOf(req: Request): string {
  if (req.user === undefined) throw new Error('These routes stand behind requireAuth')
  return req.user.userId
}
