import type { MailStore } from '../../mail/store.ts'
import type { Collections } from './documents.ts'
import { bounded } from './time-limit.ts'

export function createMailStore({ mails }: Pick<Collections, 'mails'>): MailStore {
  const swap = async (id: string, seen: number, attempts: number, dueAt: number) => {
    const update = { $set: { attempts, dueAt } }
    const { matchedCount } = await mails.updateOne({ _id: id, attempts: seen }, update, bounded)
    return matchedCount === 1
  }
  return {
    enqueueMail: async ({ id, ...mail }) => {
      await mails.insertOne({ _id: id, ...mail }, bounded)
    },
    listDueMails: async (now, limit) => {
      const due = mails.find({ dueAt: { $lte: now } }, bounded)
      const found = await due.sort({ dueAt: 1 }).limit(limit).toArray()
      return found.map(({ _id: id, ...mail }) => ({ id, ...mail }))
    },
    claimMail: ({ id, attempts }, dueAt) => swap(id, attempts, attempts + 1, dueAt),
    postponeMail: (id, attempts, dueAt) => swap(id, attempts, attempts, dueAt),
    removeMail: async (id, attempts) =>
      (await mails.deleteOne({ _id: id, attempts }, bounded)).deletedCount === 1,
  }
}
