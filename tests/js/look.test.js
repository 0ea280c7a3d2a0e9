// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { legendOf } from "../../resources/web/legend.js";
import { sameLook } from "../../resources/web/view.js";

const look = { at: 1_000_000, level: 3, top: 80, folded: ["Mill"] };

test("a board is not told of what it looks at already, nor of a rounding", () => {
  assert.ok(sameLook(look, { ...look }, 100));
  assert.ok(sameLook(look, { ...look, at: look.at + 140, top: 81 }, 100));
  assert.ok(!sameLook(look, { ...look, at: look.at + 160 }, 100));
  assert.ok(!sameLook(look, { ...look, top: 83 }, 100));
  assert.ok(!sameLook(look, { ...look, level: 4 }, 100));
  assert.ok(!sameLook(look, { ...look, folded: [] }, 100));
  assert.ok(!sameLook(look, null, 100));
});

test("the legend of a comparison names the other plan", () => {
  const palette = { categories: [], lateness: {}, status: {} };
  const compare = { shown: "Working plan", base: "Version 3", fixed: false, ghosts: true };
  const text = JSON.stringify(legendOf("order", palette, [], false, compare));
  for (const words of ["only in Version 3", "place in Version 3", "other resource", "added"]) {
    assert.ok(text.includes(words), words);
  }
  const beside = JSON.stringify(legendOf("order", palette, [], false, { ...compare, ghosts: false }));
  assert.ok(!beside.includes("place in") && beside.includes("only here"));
});
