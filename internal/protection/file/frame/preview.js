// SPDX-License-Identifier: Apache-2.0
//
// preview.js: looks at a file that a stranger sent, inside a frame of no origin. It gets the bytes from the page around it, says what it finds, and shows pictures
// drawn anew and text as text. It asks nobody for anything and runs nothing of the file.
"use strict";
(() => {
  const MAX_PIXELS = 100e6; // a picture that says it is larger is not drawn
  const MAX_TEXT = 200000; // bytes of text that are shown
  const BOMB = 100; // how many times larger than itself an archive may unpack before it is called out

  const main = document.getElementById("main");

  // ---- what the bytes are

  const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));
  const begins = (bytes, text, at = 0) => ascii(bytes, at, at + text.length) === text;
  const u16 = (b, at) => b[at] | (b[at + 1] << 8);
  const u32 = (b, at) => (u16(b, at) | (u16(b, at + 2) << 16)) >>> 0;
  const be16 = (b, at) => (b[at] << 8) | b[at + 1];
  const be32 = (b, at) => ((be16(b, at) << 16) | be16(b, at + 2)) >>> 0;

  // Signatures: the bytes, what they are called, and their family.
  const SIGNATURES = [
    ["\xff\xd8\xff", "image/jpeg", "picture"], ["\x89PNG\r\n\x1a\n", "image/png", "picture"], ["GIF8", "image/gif", "picture"],
    ["%PDF-", "application/pdf", "document"], ["PK\x03\x04", "application/zip", "archive"], ["PK\x05\x06", "application/zip", "archive"],
    ["Rar!\x1a", "application/vnd.rar", "archive"], ["7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "archive"], ["\x1f\x8b", "application/gzip", "archive"],
    ["BZh", "application/x-bzip2", "archive"], ["\xfd7zXZ\x00", "application/x-xz", "archive"], ["\x28\xb5\x2f\xfd", "application/zstd", "archive"],
    ["MZ", "application/vnd.microsoft.portable-executable", "program"], ["\x7fELF", "application/x-elf", "program"],
    ["\xca\xfe\xba\xbe", "application/x-mach-binary", "program"], ["\xcf\xfa\xed\xfe", "application/x-mach-binary", "program"],
    ["#!", "text/x-script", "program"], ["L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut", "program"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", "document"], ["{\\rtf", "application/rtf", "document"],
    ["ID3", "audio/mpeg", "recording"], ["\xff\xfb", "audio/mpeg", "recording"], ["OggS", "application/ogg", "recording"], ["fLaC", "audio/flac", "recording"],
    ["\x1aE\xdf\xa3", "video/webm", "recording"], ["#!AMR", "audio/amr", "recording"],
  ];
  const PROGRAM_NAMES = /\.(exe|com|bat|cmd|scr|pif|cpl|msi|msp|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|lnk|url|reg|jar|apk|app|dmg|pkg|deb|rpm|sh|command|iso|img|vhd|xll|docm|xlsm|pptm|dotm|xlam)$/i;
  const MARKUP = /^\s*(<!doctype html|<html|<head|<body|<script|<svg|<\?xml)/i;

  function sniff(head) {
    if (begins(head, "RIFF")) {
      const inner = ascii(head, 8, 12);
      if (inner === "WEBP") return { type: "image/webp", family: "picture" };
      return { type: inner === "WAVE" ? "audio/wav" : "application/x-riff", family: "recording" };
    }
    if (begins(head, "ftyp", 4)) {
      const brand = ascii(head, 8, 12);
      if (/^(heic|heix|mif1|msf1|avif)/.test(brand)) return { type: brand === "avif" ? "image/avif" : "image/heic", family: "picture" };
      return { type: "video/mp4", family: "recording" };
    }
    for (const [bytes, type, family] of SIGNATURES) if (begins(head, bytes)) return { type, family };
    const text = asText(head);
    if (text === null) return { type: "application/octet-stream", family: "unknown" };
    return MARKUP.test(text) ? { type: "text/html", family: "markup" } : { type: "text/plain", family: "text" };
  }

  // asText is the text of bytes, or null when they are none. The last letter may be cut in half.
  function asText(bytes) {
    if (bytes.subarray(0, 4096).includes(0)) return null;
    for (let cut = 0; cut < 4; cut++) {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
      } catch { /* try with a letter less */ }
    }
    return null;
  }

  // ---- what is unusual about it

  const sameKind = (declared, found) => {
    const plain = (t) => t.toLowerCase().split(";")[0].trim().replace("image/jpg", "image/jpeg").replace("audio/mp3", "audio/mpeg").replace("application/x-zip-compressed", "application/zip");
    const a = plain(declared), b = plain(found);
    if (!a || a === "application/octet-stream" || a === b) return true;
    if (b === "text/plain") return a.startsWith("text/") || /json|xml|csv|yaml|message\//.test(a);
    if (b === "text/html") return /html|xml|svg/.test(a);
    if (b === "application/zip") return /officedocument|opendocument|epub|java-archive|android|zip/.test(a);
    if (b === "application/x-ole-storage") return /msword|ms-excel|ms-powerpoint|ms-outlook|msi/.test(a);
    if (/^(video|audio)\//.test(b) || b === "application/ogg" || b === "video/mp4") return /^(video|audio)\//.test(a) || a === "application/ogg";
    return /heic|heif/.test(a) && b === "image/heic";
  };

  const stands = (bytes, codes, at) => codes.every((c, i) => bytes[at + i] === c);
  const codesOf = (text) => Array.from(text, (c) => c.charCodeAt(0));

  const indexOf = (bytes, text) => {
    const codes = codesOf(text);
    for (let at = bytes.indexOf(codes[0]); at >= 0; at = bytes.indexOf(codes[0], at + 1)) if (stands(bytes, codes, at)) return at;
    return -1;
  };

  const lastIndexOf = (bytes, text, least = 0) => {
    const codes = codesOf(text);
    for (let at = bytes.lastIndexOf(codes[0]); at >= least; at = bytes.lastIndexOf(codes[0], at - 1)) {
      if (stands(bytes, codes, at)) return at;
      if (at === 0) break;
    }
    return -1;
  };

  // endOf is where a picture ends, by its own marks; what stands behind it is something else.
  function endOf(type, bytes) {
    if (type === "image/png") { const at = indexOf(bytes, "IEND"); return at < 0 ? -1 : at + 8; }
    if (type === "image/jpeg") { const at = lastIndexOf(bytes, "\xff\xd9"); return at < 0 ? -1 : at + 2; }
    if (type === "image/webp") return u32(bytes, 4) + 8;
    return -1;
  }

  // zip reads the list of an archive's contents, which stands at its end. Nothing is unpacked.
  function zip(bytes) {
    const end = lastIndexOf(bytes, "PK\x05\x06", Math.max(0, bytes.length - 65557));
    if (end < 0 || end + 22 > bytes.length) return null;
    const out = { files: 0, packed: 0, unpacked: 0, names: [], locked: false };
    let at = end - u32(bytes, end + 12);
    for (let left = u16(bytes, end + 10); left > 0 && at >= 0 && at + 46 <= bytes.length && begins(bytes, "PK\x01\x02", at); left--) {
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + u16(bytes, at + 28)));
      out.files++;
      out.packed += u32(bytes, at + 20);
      out.unpacked += u32(bytes, at + 24);
      out.locked ||= (u16(bytes, at + 8) & 1) === 1;
      if (out.names.length < 2000) out.names.push(name);
      at += 46 + u16(bytes, at + 28) + u16(bytes, at + 30) + u16(bytes, at + 32);
    }
    return out;
  }

  // findings are sentences, the gravest first.
  function findings({ name, declared, size, bytes, all }) {
    const head = bytes.subarray(0, 65536);
    const found = sniff(head);
    const grave = [], other = [];
    if (found.family === "program" || PROGRAM_NAMES.test(name)) grave.push("This is, or is named like, a program. Opening it can take over the computer.");
    if (/\.[a-z0-9]{2,4}\.[a-z0-9]{2,4}$/i.test(name) && PROGRAM_NAMES.test(name)) grave.push("Its name has two endings: the last one is the true one.");
    if (!sameKind(declared, found.type)) grave.push(`It was sent as "${declared}", but its content is "${found.type}".`);
    if (found.family === "markup") grave.push("It is a web page or a drawing with code in it. It is shown as text only.");
    if (found.type !== "application/pdf" && indexOf(head, "%PDF-") > 0) grave.push("It is two things at once: there is a PDF in it.");
    const archive = all ? zip(bytes) : null;
    if (found.type !== "application/zip" && archive) grave.push("It is two things at once: there is an archive behind it.");
    if (found.family === "picture" && /<script|<html|<\?php/i.test(ascii(head, 0, 20000))) grave.push("It is two things at once: there is code in a picture.");
    if (archive) look(archive, grave, other);
    else if (found.family === "archive") other.push("It is an archive. What is in it cannot be seen here.");
    if (all && found.type === "application/gzip") {
      const unpacked = u32(bytes, bytes.length - 4);
      if (unpacked > BOMB * size) grave.push(`It unpacks to more than ${BOMB} times its size. It may be made to fill a disk.`);
    }
    const end = all && found.family === "picture" ? endOf(found.type, bytes) : -1;
    if (end > 0 && bytes.length - end > 16) grave.push(`Behind the picture stand ${(bytes.length - end).toLocaleString("en-US")} more bytes of something else.`);
    if (/JavaScript|\/JS\b|\/OpenAction|\/Launch/.test(found.type === "application/pdf" ? ascii(head, 0, 60000) : "")) grave.push("The PDF has code in it, or acts when it is opened.");
    if (!all) other.push("Only its beginning was looked at, because it is large or incomplete.");
    return { found, grave, other };
  }

  function look(archive, grave, other) {
    other.push(`It is an archive of ${archive.files} files, ${archive.unpacked.toLocaleString("en-US")} bytes when unpacked.`);
    if (archive.unpacked > BOMB * Math.max(archive.packed, 1) || archive.unpacked > 4e9) {
      grave.push(`It unpacks to more than ${BOMB} times its size, or more than 4 GB. It may be made to fill a disk.`);
    }
    if (archive.names.some((n) => PROGRAM_NAMES.test(n))) grave.push("There are programs in the archive.");
    if (archive.names.some((n) => /\.(zip|7z|rar|gz|bz2|xz)$/i.test(n))) other.push("There are archives in the archive.");
    if (archive.names.some((n) => n.startsWith("/") || n.split(/[\\/]/).includes(".."))) grave.push("The archive would write outside of the folder that it is unpacked to.");
    if (archive.locked) other.push("The archive has a password.");
  }

  // ---- showing it

  const add = (tag, text, to = main) => {
    const el = document.createElement(tag);
    if (text) el.textContent = text;
    to.append(el);
    return el;
  };

  // pixels is how many a picture says it has; 0 when it does not say.
  function pixels(type, b) {
    if (type === "image/png") return be32(b, 16) * be32(b, 20);
    if (type === "image/gif") return u16(b, 6) * u16(b, 8);
    if (type === "image/webp" && begins(b, "VP8X", 12)) return ((u32(b, 24) & 0xffffff) + 1) * ((u32(b, 27) & 0xffffff) + 1);
    if (type === "image/webp" && begins(b, "VP8 ", 12)) return (u16(b, 26) & 0x3fff) * (u16(b, 28) & 0x3fff);
    if (type === "image/webp" && begins(b, "VP8L", 12)) { const n = u32(b, 21); return ((n & 0x3fff) + 1) * (((n >> 14) & 0x3fff) + 1); }
    for (let at = 2; type === "image/jpeg" && at + 9 < b.length && b[at] === 0xff; at += 2 + be16(b, at + 2)) {
      const mark = b[at + 1];
      if (mark >= 0xc0 && mark <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(mark)) return be16(b, at + 5) * be16(b, at + 7);
    }
    return 0;
  }

  async function picture(type, bytes, name) {
    const count = pixels(type, bytes);
    if (!(count > 0 && count <= MAX_PIXELS)) return add("p", "The picture is too large to be drawn here, or does not say how large it is.");
    try {
      const bitmap = await createImageBitmap(new Blob([bytes], { type }));
      const canvas = add("canvas");
      const scale = Math.min(1, 1600 / Math.max(bitmap.width, bitmap.height));
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.style.maxWidth = "100%";
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `The picture ${name}`);
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
    } catch {
      add("p", "The picture cannot be drawn. It may be damaged.");
    }
  }

  async function show(file) {
    main.replaceChildren();
    document.body.style.fontFamily = "system-ui, sans-serif";
    const { found, grave, other } = findings(file);
    if (grave.length) {
      const box = add("div");
      box.setAttribute("role", "alert");
      box.style.border = "3px solid #b3261e";
      box.style.padding = "0 1em";
      add("h1", "Take care", box).style.fontSize = "1.1em";
      const list = add("ul", "", box);
      for (const line of grave) add("li", line, list);
    }
    const list = add("ul");
    list.id = "other";
    add("li", `Content: ${found.type}.`, list);
    for (const line of other) add("li", line, list);
    const text = found.family === "text" || found.family === "markup" || found.type === "text/x-script" ? asText(file.bytes.subarray(0, MAX_TEXT)) : null;
    if (text !== null) {
      const pre = add("pre", text);
      pre.style.whiteSpace = "pre-wrap";
      pre.style.overflowWrap = "anywhere";
      pre.dir = "auto";
      if (file.size > MAX_TEXT) add("p", "Only the beginning is shown.");
    } else if (["image/jpeg", "image/png", "image/gif", "image/webp"].includes(found.type) && file.all) {
      await picture(found.type, file.bytes, file.name);
    } else {
      add("p", "Files of this kind are not shown here.");
    }
    return grave.length;
  }

  addEventListener("message", async ({ source, data }) => {
    if (source !== parent || parent === window || !(data?.bytes instanceof ArrayBuffer)) return;
    const warnings = await show({ name: String(data.name), declared: String(data.type), size: Number(data.size), bytes: new Uint8Array(data.bytes), all: data.all === true });
    parent.postMessage({ shown: true, warnings }, "*");
  });
  parent.postMessage({ ready: true }, "*");
})();
