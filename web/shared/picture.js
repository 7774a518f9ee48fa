// Opens picture files, in old browsers too.

/** Opens a picture file: `{source, width, height, close()}`, upright. Rejects when it is none. */
export async function openPicture(file) {
  try {
    const source = await createImageBitmap(file, { imageOrientation: "from-image" });
    return { source, width: source.width, height: source.height, close: () => source.close() };
  } catch {
    // Safari before 15 has no such function, Chrome before 81 not that option: an element does the same.
    const address = URL.createObjectURL(file);
    const source = new Image();
    source.src = address;
    try {
      await source.decode();
    } catch (error) {
      URL.revokeObjectURL(address);
      throw error;
    }
    return {
      source,
      width: source.naturalWidth,
      height: source.naturalHeight,
      close: () => URL.revokeObjectURL(address),
    };
  }
}
