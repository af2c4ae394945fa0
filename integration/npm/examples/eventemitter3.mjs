import { EventEmitter } from 'eventemitter3';

class Job extends EventEmitter {
  constructor(name) { super(); this.name = name; }
  async run(steps) {
    for (let step = 1; step <= steps; step++) { await null; this.emit('progress', step, steps); }
    return this.emit('done', this.name);
  }
}

export default async () => {
  const log = [];
  const emitter = new EventEmitter();
  const context = { id: 'ctx' };
  const symbol = Symbol('s');
  function own(...values) { log.push([this.id ?? 'emitter', ...values]); }
  emitter.on('event', own, context).once('event', own).on(symbol, own, context);
  const emitted = [emitter.emit('event', 1), emitter.emit('event', 2, 3), emitter.emit(symbol), emitter.emit('nothing')];
  const removing = () => { emitter.off('again', removing); log.push('once'); };
  emitter.on('again', removing).on('again', () => log.push('kept'));
  emitter.emit('again');
  emitter.emit('again');
  for (let count = 0; count <= 6; count++) emitter.emit('many', ...Array(count).fill(count));
  emitter.on('many', (...all) => log.push(all.length));
  for (let count = 0; count <= 6; count++) emitter.emit('many', ...Array(count).fill(count));
  const job = new Job('j');
  job.on('progress', (step, of) => log.push(`${step}/${of}`)).once('done', (name) => log.push(name));
  return {
    emitted, ran: [await job.run(2), await job.run(1)], log,
    listeners: [emitter.listenerCount('event'), emitter.listeners('again').length, emitter.eventNames().map(String)],
    removed: [emitter.removeAllListeners('again').eventNames().length, emitter.removeAllListeners().eventNames().length],
    prefixed: [EventEmitter.prefixed, new EventEmitter().emit('toString'), (() => { try { return emitter.on('x', 5); } catch (error) { return `${error}`; } })()],
  };
};
