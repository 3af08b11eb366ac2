//! The instruction sets that the kernels are compiled for.

use super::ImaginationError;

/// A kernel path, chosen at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit vectors with fused multiply-add (x86-64 with AVX-512F).
    Avx512,
    /// 256-bit vectors with fused multiply-add (x86-64 with AVX2 and FMA).
    Avx2,
    /// Whatever the compiler makes of plain arrays on the target's baseline.
    Portable,
}

impl Isa {
    /// Every path, fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest path that this processor can run.
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .find(|isa| isa.is_supported())
            .unwrap_or(Self::Portable)
    }

    /// Whether this processor can run the path.
    pub fn is_supported(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// # Errors
    /// `UnsupportedIsa` when this processor cannot run the path.
    pub(super) fn require(self) -> Result<Self, ImaginationError> {
        if self.is_supported() {
            Ok(self)
        } else {
            Err(ImaginationError::UnsupportedIsa { isa: self })
        }
    }
}

impl std::fmt::Display for Isa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2 and FMA",
            Self::Portable => "portable",
        })
    }
}
