//! Groups of options: a struct beside what it configures, flags and keys of a file at once.

/// A few options that belong together.
pub(crate) trait Group: Sized {
    /// The keys of all options of the group, in their order.
    fn keys() -> Vec<&'static str>;

    /// These options, and those of `other` where nothing is set here.
    fn or(&self, other: &Self) -> Self;

    /// A value for every option, to show how it is written.
    fn example() -> Self;
}

/// Declares a group of options, each with its help, its flag and an example.
///
/// A field becomes an `Option`, a key of a configuration file and, with the feature `clap`, a flag under the heading
/// of the group. Its documentation is the help of both.
macro_rules! options {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident in $heading:literal {
            $(
                $(#[doc = $help:literal])+
                #[flag($($flag:tt)+)]
                pub $field:ident: $type:ty = $example:expr,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "clap", derive(clap::Args))]
        #[serde(default)]
        pub struct $name {
            $(
                $(#[doc = $help])+
                #[serde(skip_serializing_if = "Option::is_none")]
                #[cfg_attr(
                    feature = "clap",
                    arg(long, allow_negative_numbers = true, help_heading = $heading, $($flag)+)
                )]
                pub $field: Option<$type>,
            )+
        }

        impl $crate::options::Group for $name {
            fn keys() -> Vec<&'static str> {
                vec![$(stringify!($field)),+]
            }

            fn or(&self, other: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| other.$field.clone())),+ }
            }

            fn example() -> Self {
                Self { $($field: Some($example)),+ }
            }
        }
    };
}

/// The seeds that a configuration file can hold: TOML's numbers end at 2^63.
#[cfg(feature = "clap")]
pub(crate) fn seeds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX as u64)
}

/// Declares the options of a verb: options of its own and groups, in the order of the help, all at one level of the file
/// and of the command line.
macro_rules! option_groups {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $(
                @own
                $(
                    $(#[$own_attribute:meta])+
                    pub $own:ident: Option<$own_type:ty> = $example:expr,
                )*
                @groups
                $(
                    $(#[doc = $help:literal])+
                    pub $group:ident: $type:ty,
                )*
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "clap", derive(clap::Args))]
        #[serde(default)]
        pub struct $name {
            $(
                $(
                    $(#[$own_attribute])+
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $own: Option<$own_type>,
                )*
                $(
                    $(#[doc = $help])+
                    #[serde(flatten)]
                    #[cfg_attr(feature = "clap", command(flatten))]
                    pub $group: $type,
                )*
            )+
        }

        impl $crate::options::Group for $name {
            fn keys() -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(
                    $(keys.push(stringify!($own));)*
                    $(keys.extend(<$type as $crate::options::Group>::keys());)*
                )+
                keys
            }

            fn or(&self, other: &Self) -> Self {
                Self {
                    $(
                        $($own: self.$own.clone().or_else(|| other.$own.clone()),)*
                        $($group: $crate::options::Group::or(&self.$group, &other.$group),)*
                    )+
                }
            }

            fn example() -> Self {
                Self {
                    $(
                        $($own: Some($example),)*
                        $($group: $crate::options::Group::example(),)*
                    )+
                }
            }
        }
    };
}

/// Declares which groups something takes: a view of them, which its check reads, and their keys. Behind a semicolon
/// stand views that are declared elsewhere.
macro_rules! takes {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $name:ident {
            $($group:ident: $type:ty),+ $(,)?
            $(; $($view:ident: $viewed:ident),+ $(,)?)?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy)]
        $vis struct $name<'a> {
            $($vis $group: &'a $type,)+
            $($($vis $view: $viewed<'a>,)+)?
        }

        impl $name<'_> {
            /// The keys of all options that it takes.
            $vis fn keys() -> Vec<&'static str> {
                [
                    $(<$type as $crate::options::Group>::keys(),)+
                    $($($viewed::keys(),)+)?
                ]
                .concat()
            }
        }
    };
}

pub(crate) use option_groups;
pub(crate) use options;
pub(crate) use takes;
