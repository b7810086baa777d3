import { expect, test } from "vitest";
import { pathFrom, typeOfPicture } from "./beside";

// PAGE-30
test("a text's pictures and links are files below the folder that is served", () => {
  expect(pathFrom("a/b", "c.png")).toBe("a/b/c.png");
  expect(pathFrom("a/b", "../c.png?x#y")).toBe("a/c.png");
  expect(pathFrom("a/b", "/c.png")).toBe("c.png");
  expect(pathFrom("", "./x/./y.csv")).toBe("x/y.csv");
  expect(pathFrom("a", "../../etc/passwd")).toBeNull();
  expect(pathFrom("", "..")).toBeNull();
  expect(pathFrom("a", "..\\..\\x")).toBeNull();
});

// PAGE-30
test("only pictures are shown as pictures", () => {
  expect(typeOfPicture("a/B.PNG")).toBe("image/png");
  expect(typeOfPicture("a.svg")).toBe("image/svg+xml");
  expect(typeOfPicture("a.html")).toBeNull();
  expect(typeOfPicture("api/v1/me")).toBeNull();
  expect(typeOfPicture("x.constructor")).toBeNull();
});
