//===- WeightsObject.cpp - The blob of weights as an object file ----------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/WeightsObject.h"
#include "runtime/abi.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace llvm::ELF;

namespace ingot {

void writeWeightsObject(raw_ostream &stream, const ModelInfo &info, const CpuTarget &target, StringRef symbol) {
  bool x86 = Triple(target.triple).isX86();
  // On x86-64 a section of large data lies apart, so that it never pushes code and small data out of each other's reach.
  StringRef sectionName = x86 ? ".lrodata.ingot" : ".rodata.ingot";
  enum { Null, Weights, Stack, Symbols, Strings, Names, Count };
  std::string names(1, '\0'), strings(1, '\0');
  auto name = [&](StringRef text) {
    uint32_t at = names.size();
    names.append(text.begin(), text.end());
    names.push_back('\0');
    return at;
  };
  strings += symbol.str() + '\0';

  Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbols[1].st_other = STV_HIDDEN;
  symbols[1].st_shndx = Weights;
  symbols[1].st_size = info.weightBytes;

  Elf64_Shdr sections[Count] = {};
  auto section = [&](unsigned index, StringRef text, uint32_t type, uint64_t flags, uint64_t size, uint64_t alignment) {
    sections[index].sh_name = name(text);
    sections[index].sh_type = type;
    sections[index].sh_flags = flags;
    sections[index].sh_size = size;
    sections[index].sh_addralign = alignment;
  };
  section(Weights, sectionName, SHT_PROGBITS, SHF_ALLOC | (x86 ? uint64_t(SHF_X86_64_LARGE) : 0), info.weightBytes,
          INGOT_ALIGNMENT);
  section(Stack, ".note.GNU-stack", SHT_PROGBITS, 0, 0, 1); // code that came with it runs without an executable stack
  section(Symbols, ".symtab", SHT_SYMTAB, 0, sizeof(symbols), 8);
  section(Strings, ".strtab", SHT_STRTAB, 0, strings.size(), 1);
  section(Names, ".shstrtab", SHT_STRTAB, 0, 0, 1);
  sections[Names].sh_size = names.size();
  sections[Symbols].sh_link = Strings;
  sections[Symbols].sh_info = 1; // symbols before this one are local
  sections[Symbols].sh_entsize = sizeof(Elf64_Sym);
  uint64_t offset = sizeof(Elf64_Ehdr);
  for (unsigned i = Weights; i < Count; ++i) {
    offset = alignTo(offset, sections[i].sh_addralign);
    sections[i].sh_offset = offset;
    offset += sections[i].sh_size;
  }
  offset = alignTo(offset, 8);

  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = x86 ? EM_X86_64 : EM_AARCH64;
  header.e_version = EV_CURRENT;
  header.e_shoff = offset;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = Count;
  header.e_shstrndx = Names;

  uint64_t written = 0;
  auto write = [&](const void *bytes, uint64_t size) {
    stream.write(static_cast<const char *>(bytes), size);
    written += size;
  };
  auto padTo = [&](uint64_t place) {
    stream.write_zeros(place - written);
    written = place;
  };
  write(&header, sizeof(header));
  padTo(sections[Weights].sh_offset);
  for (const WeightPiece &piece : info.weights) {
    padTo(sections[Weights].sh_offset + piece.offset);
    write(piece.bytes.data(), piece.bytes.size());
  }
  padTo(sections[Weights].sh_offset + info.weightBytes);
  padTo(sections[Symbols].sh_offset);
  write(symbols, sizeof(symbols));
  padTo(sections[Strings].sh_offset);
  write(strings.data(), strings.size());
  padTo(sections[Names].sh_offset);
  write(names.data(), names.size());
  padTo(header.e_shoff);
  write(sections, sizeof(sections));
}

} // namespace ingot
