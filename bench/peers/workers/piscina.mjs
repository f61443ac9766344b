export default async (args) => ({ x: args.x, y: args.x + 1 })
