// Names, numbers and values in words.
import { KERNEL, type Run, shapeOf, type ThreadIndex } from './run.ts';
import { type Flight, isPort, type Owner, type Thread } from './state.ts';

// ---- Numbers and names ----

export const number = (value: number): string =>
  value.toString().replace(/\B(?=(\d{3})+$)/g, ',');

export const count = (value: number, thing: string): string =>
  `${number(value)} ${thing}${value === 1 ? '' : 's'}`;

export const hex = (value: number): string => `0x${value.toString(16)}`;

const ERRORS: Record<number, string> = {
  2: 'file not found',
  6: 'invalid handle',
  23: 'data error',
  38: 'end of file',
  50: 'not supported',
  87: 'invalid parameter',
  109: 'end of the pipe',
  234: 'more data',
  258: 'timeout',
  995: 'cancelled',
  997: 'pending',
  1117: 'device error',
  1168: 'nothing to cancel',
};

export const errorText = (error: number | undefined): string => {
  if (error == null) return 'an error';
  const name = ERRORS[error];
  return `error ${error}${name ? ` (${name})` : ''}`;
};

const STATUSES: Record<number, string> = {
  0: 'SUCCESS',
  259: 'PENDING',
  2147483653: 'BUFFER_OVERFLOW',
  3221225485: 'INVALID_PARAMETER',
  3221225489: 'END_OF_FILE',
  3221225628: 'DEVICE_DATA_ERROR',
  3221225760: 'CANCELLED',
  3221225803: 'PIPE_BROKEN',
  3221225861: 'IO_DEVICE_ERROR',
};

export function statusText(status: number): string {
  const name = STATUSES[status];
  return name ? `STATUS_${name}` : hex(status);
}

export const crashText = (code = 0): string =>
  code === 0xc0000005 ? 'access violation' : `exception ${hex(code)}`;

/** `a, b and c` */
export function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

export const threadName = (run: Run, thread: ThreadIndex): string =>
  thread === KERNEL ? 'the kernel' : (run.threads[thread] ?? 'a thread');

export const upper = (text: string): string =>
  text.charAt(0).toUpperCase() + text.slice(1);

export const sentences = (...parts: (string | false | undefined)[]): string =>
  parts.filter(Boolean).join(' ');

// ---- Requests ----

export function ownerText(run: Run, owner: Owner): string {
  switch (owner.who) {
    case 'none':
      return 'not used yet';
    case 'thread':
      return `owner: ${threadName(run, owner.thread)}`;
    case 'callback':
      return `owner: the callback on ${threadName(run, owner.thread)}`;
    case 'kernel':
      return 'owner: the kernel';
    case 'port':
      return 'owner: the port';
    case 'freed':
      return 'freed';
    case 'lost':
      return 'lost';
  }
}

/** Memory as malloc returned it: lab/guard fills it with this byte. */
export const isFresh = (value: string): boolean => /^0x(a5)+$/.test(value);

/** What the value of a field means; '' if it is only a number. */
export function meaning(
  run: Run,
  request: number,
  name: string,
  value: string,
): string {
  if (isFresh(value)) return 'no value yet';
  const field = shapeOf(run, request).fields.find((one) => one.name === name);
  const named = field?.values?.[String(Number(value))];
  if (named) return named;
  if (/(^|\.)Internal$/.test(name)) return statusText(Number(value));
  const pointer = run.pointers[value];
  if (pointer) return pointer;
  const isPointer =
    /hEvent$/.test(name) || /\*$|_callback$/.test(field?.type ?? '');
  return isPointer && value === '0x0' ? 'NULL' : '';
}

export function valueText(
  run: Run,
  request: number,
  name: string,
  value: string,
): string {
  const text = meaning(run, request, name, value);
  if (text) return text;
  if (/(Internal|hEvent)$/.test(name)) return value;
  const field = shapeOf(run, request).fields.find((one) => one.name === name);
  if (field?.type?.endsWith('*')) return `…${value.slice(-4)}`;
  return number(Number(value));
}

export const shortName = (field: string): string => field.replace(/^.*\./, '');

export function flightText(flight: Flight): string {
  const bytes = count(flight.bytes ?? 0, 'byte');
  if (flight.kind === 'post') return `posted: ${bytes}`;
  if (flight.where === 'kernel') {
    const what = flight.kind === 'other' ? 'I/O' : flight.kind;
    const length = flight.length > 0 ? ` ${number(flight.length)}` : '';
    const cancel = flight.cancelling ? ', to be cancelled' : '';
    return `${what}${length} at ${number(flight.offset)}${cancel}`;
  }
  const status = flight.status ? `, ${statusText(flight.status)}` : '';
  return `completed: ${bytes}${status}`;
}

/** `read of request 1` */
export function ioText(flight: Flight | undefined): string {
  const what = !flight || flight.kind === 'other' ? 'I/O' : flight.kind;
  const { request } = flight ?? {};
  return request == null ? what : `${what} of request ${request}`;
}

/** `for event 1`, `for a packet` */
export function waitText({ waitsFor, waitsIn }: Thread): string {
  if (isPort(waitsFor)) return 'for a packet';
  return waitsFor ? `for ${waitsFor}` : `in ${waitsIn ?? 'a call'}`;
}

/** What a step sets a field to. */
export const setText = (
  run: Run,
  request: number,
  name: string,
  value: string,
): string =>
  `\`${shortName(name)}\` to \`${valueText(run, request, name, value)}\``;

/** The first line of a report. */
export const firstLine = (text: string): string =>
  text
    .trim()
    .split('\n')[0]!
    .replace(/[*`]|[.:]$/g, '');
