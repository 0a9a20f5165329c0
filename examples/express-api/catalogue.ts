import { Router } from 'express'

export interface Product {
  readonly id: string
  readonly name: string
  readonly cents: number
}

const products: readonly Product[] = [
  { id: 'lamp', name: 'Desk lamp', cents: 4900 },
  { id: 'chair', name: 'Oak chair', cents: 18_900 },
  { id: 'rug', name: 'Wool rug', cents: 24_500 },
]

export function findProduct(id: unknown): Product | undefined {
  return products.find((product) => product.id === id)
}

/** Open to everybody. */
export function catalogueRoutes(): Router {
  const router = Router()
  router.get('/', (_req, res) => {
    res.json({ products })
  })
  router.get('/:id', (req, res) => {
    const product = findProduct(req.params.id)
    if (product) res.json(product)
    else res.status(404).json({ message: 'There is no such product' })
  })
  return router
}
