import { expect, test } from "vitest";
import { RingFiller, RingTaker, sharedMemory } from "../../../src/capture/ahead/packet-ring.js";
import { Packet } from "../../../src/capture/decode/packet.js";

function ring() {
  const memory = sharedMemory();
  return { filler: new RingFiller(memory), taker: new RingTaker(memory) };
}

/** A slot with so many packets, and its number in its first byte. */
function fill(filler: RingFiller, number: number, packets: number): void {
  const slot = filler.begin();
  if (slot === null) throw new Error("no slot");
  slot.bytes[0] = number;
  for (let i = 0; i < packets; i++) slot.rows.put(Object.assign(new Packet(), { number: number * 100 + i }), 0, 0);
  filler.filled(1000 + number);
}

test("slots come in the order in which they were filled, again and again, and then it is over", () => {
  const { filler, taker } = ring();
  let taken = 0;
  for (let number = 1; number <= 20; number++) {
    fill(filler, number, number % 3);
    if (number < 3) continue; // two ahead
    taken++;
    const slot = taker.take(1000);
    if (slot === null || slot === "over") throw new Error("nothing taken");
    expect([slot.bytes[0], slot.fileBytes, slot.rows.packets]).toEqual([taken, 1000 + taken, taken % 3]);
    if (slot.rows.packets > 0) expect(slot.rows.packet(0).number).toBe(taken * 100);
    taker.giveBack();
  }
  expect(filler.begin()).not.toBeNull();
  filler.over();
  for (const left of [19, 20]) {
    expect(taker.take(1000)).toMatchObject({ fileBytes: 1000 + left });
    taker.giveBack();
  }
  expect(taker.take(1000)).toBe("over");
});

test("nobody waits for ever: the taker for a slot that does not come, the filler when no more are wanted", () => {
  const { filler, taker } = ring();
  expect(taker.take(1)).toBeNull();
  fill(filler, 1, 1);
  taker.stop();
  expect(filler.begin()).toBeNull();
  filler.over();
  expect(taker.take(1)).toMatchObject({ fileBytes: 1001 });
  taker.giveBack();
  expect(taker.take(1)).toBe("over");
});
