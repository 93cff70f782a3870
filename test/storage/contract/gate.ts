import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

type Direction = 'to the server' | 'from the server';

/** A TCP relay between a client and its server that can hold back, cut and refuse what passes. */
export interface Gate {
  readonly port: number;
  /** Resolves when so many bytes have passed from now on, in all connections together; no more do until `release`. */
  hold(direction: Direction, afterBytes: number): Promise<void>;
  release(): void;
  /** Resets every connection. */
  cut(): void;
  /** Resets every connection and refuses new ones, for ever. */
  close(): Promise<void>;
}

/** Opens a gate to a port of 127.0.0.1. */
export async function openGate(serverPort: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let held: { direction: Direction; leftBytes: number; reached: () => void } | undefined;

  const pass = (from: Socket, to: Socket, direction: Direction): void => {
    from.on('data', (chunk: Buffer) => {
      if (held?.direction === direction) {
        held.leftBytes -= chunk.length;
        if (held.leftBytes <= 0) {
          from.pause();
          held.reached();
        }
      }
      if (!to.write(chunk)) {
        from.pause();
        to.once('drain', () => {
          if (!held || held.leftBytes > 0) from.resume();
        });
      }
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    pass(client, server, 'to the server');
    pass(server, client, 'from the server');
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const cut = (): void => {
    for (const socket of sockets) {
      // A reset in the midst of a shutdown leaves a handle that never closes (libuv), and Node then turns for ever at its end.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    hold: (direction, afterBytes) =>
      new Promise((resolve) => {
        held = { direction, leftBytes: afterBytes, reached: resolve };
      }),
    release() {
      held = undefined;
      for (const socket of sockets) socket.resume();
    },
    cut,
    async close() {
      if (!listener.listening) return;
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}
