import { expect, test } from "vitest";
import { missingModule } from "./missing-module";

const packageOf = (module: string) =>
  missingModule("ModuleNotFoundError", `No module named '${module}'`)?.distribution ?? null;

// PAGE-31
test("a module is looked for under the name of its package", () => {
  expect(packageOf("cv2")).toBe("opencv-python");
  expect(packageOf("sklearn")).toBe("scikit-learn");
  expect(packageOf("sklearn.linear_model")).toBe("scikit-learn");
  expect(packageOf("PIL")).toBe("pillow");
  expect(packageOf("yaml")).toBe("PyYAML");
  expect(packageOf("pandas")).toBe("pandas");
  expect(packageOf("some_thing")).toBe("some-thing");
});

// PAGE-31
test("nothing is offered that would not help", () => {
  expect(packageOf("tkinter")).toBeNull();
  expect(packageOf("pandas.nothing")).toBeNull();
  expect(packageOf("constructor")).toBe("constructor");
  const shadowed = "No module named 'json.x'; 'json' is not a package";
  expect(missingModule("ModuleNotFoundError", shadowed)).toBeNull();
  expect(missingModule("ValueError", "No module named 'x'")).toBeNull();
});

// PAGE-31
test("a message cannot put a command into the name", () => {
  for (const said of ["x; rm -rf ~", "--index-url=http://evil", "x\n!id", "../x", "x y", "-r"]) {
    const found = missingModule("ModuleNotFoundError", `No module named '${said}'`);
    expect(found === null || /^[A-Za-z_][\w.-]*$/.test(found.distribution)).toBe(true);
    expect(found?.distribution ?? "x").not.toMatch(/[\s;!/=]/);
  }
});
